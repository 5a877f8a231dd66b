import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { SignedInRequest } from './signed-in-user.js';

/** Lets the platform's own account pass; everyone else gets a 403. Goes after {@link AuthGuard}. */
@Injectable()
export class PlatformAdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<SignedInRequest>().user?.platformAdmin === true;
  }
}
