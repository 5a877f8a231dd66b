import { Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { TenantResolver } from 'nestjs-muck';
import type { SignedInRequest } from './signed-in-user.js';

/** The tenant of a request is the sender's organization. An account without one has no tenant, and so gets a 403. */
@Injectable()
export class CurrentOrganization implements TenantResolver {
  resolve(context: ExecutionContext): { organizationId: number } | undefined {
    const membership = context.switchToHttp().getRequest<SignedInRequest>().user?.membership;
    return membership && { organizationId: membership.organizationId };
  }
}
