import { Controller, UseGuards } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import { CommentAuthor } from './comment-author.js';
import { Comment } from './comment.entity.js';
import { CommentDto } from './dto/comment.dto.js';

/** What has been written about a ticket. A ticket of another organization has no comments: it is not there. */
@ApiParam({ name: 'ticketId', example: 2 })
@ApiParam({ name: 'id', example: 1 })
@Controller('support-tickets/:ticketId/comments')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(Comment, {
  parent: { relation: 'ticket' },
  except: ['replace'],
  dto: { create: CommentDto },
  search: ['body'],
  sort: ['createdAt'],
  include: ['author'],
  hooks: [CommentAuthor],
})
export class CommentsController extends CrudController<Comment> {}
