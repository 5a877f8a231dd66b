import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { SupportTicketsController } from './support-tickets.controller.js';
import { TagsController } from './tags.controller.js';
import { TicketHistory } from './ticket-history.js';

@Module({
  imports: [AuthModule],
  controllers: [SupportTicketsController, TagsController],
  providers: [TicketHistory],
})
export class SupportTicketsModule {}
