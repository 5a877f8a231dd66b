import { ForbiddenException, Injectable } from '@nestjs/common';
import type { CrudHooks, HookContext, RowChanges } from 'nestjs-muck';
import { memberOf, type SignedInRequest } from '../auth/signed-in-user.js';
import type { Comment } from './comment.entity.js';

type Context = HookContext<SignedInRequest>;

/** The author of a comment is its sender. The organization's people read all, and change their own. */
@Injectable()
export class CommentAuthor implements CrudHooks<Comment> {
  beforeCreate(comment: Comment, { request }: Context): void {
    comment.authorId = memberOf(request).userId;
  }

  beforeUpdate(comment: Comment, context: Context & RowChanges<Comment>): void {
    requireAuthor(comment, context);
  }

  beforeRemove(comment: Comment, context: Context): void {
    requireAuthor(comment, context);
  }
}

function requireAuthor({ authorId }: Comment, { request }: Context): void {
  if (authorId !== memberOf(request).userId) throw new ForbiddenException('Only its author may change a comment.');
}
