import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CommentAuthor } from './comment-author.js';
import { CommentsController } from './comments.controller.js';
import { HistoryController } from './history.controller.js';
import { ResolutionController } from './resolution.controller.js';
import { SupportTicketsController } from './support-tickets.controller.js';
import { TagsController } from './tags.controller.js';
import { TicketHistory } from './ticket-history.js';

@Module({
  imports: [AuthModule],
  controllers: [SupportTicketsController, CommentsController, HistoryController, ResolutionController, TagsController],
  providers: [TicketHistory, CommentAuthor],
})
export class SupportTicketsModule {}
