import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { SupportTicket } from '../support-tickets/support-ticket.entity.js';
import { AttemptsController, StatementsController } from './attempts.controller.js';
import { AttemptsService } from './attempts.service.js';
import { RecordStatements } from './record-statements.middleware.js';
import { StatementLog } from './statement-log.js';

/** What the page on isolation needs beside the API. Only `showStatements` brings it: it tells clients which SQL they cause. */
@Module({
  imports: [AuthModule, TypeOrmModule.forFeature([SupportTicket])],
  controllers: [StatementsController, AttemptsController],
  providers: [AttemptsService, StatementLog],
})
export class IsolationModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(RecordStatements).forRoutes('{*path}');
  }
}
