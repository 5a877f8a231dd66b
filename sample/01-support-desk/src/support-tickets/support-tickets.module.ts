import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { SupportTicketsController } from './support-tickets.controller.js';

@Module({ imports: [AuthModule], controllers: [SupportTicketsController] })
export class SupportTicketsModule {}
