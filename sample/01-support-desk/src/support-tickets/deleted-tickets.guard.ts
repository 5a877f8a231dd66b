import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { SignedInRequest } from '../auth/signed-in-user.js';

interface ListRequest extends SignedInRequest {
  readonly query: Readonly<Record<string, unknown>>;
}

/** Lets only an organization's administrators list deleted tickets; everyone else gets a 403. Goes after {@link AuthGuard}. */
@Injectable()
export class DeletedTicketsGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { query, user } = context.switchToHttp().getRequest<ListRequest>();
    return query['deleted'] === undefined || user?.membership?.role === 'admin';
  }
}
