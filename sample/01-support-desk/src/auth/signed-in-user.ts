import type { UserRole } from '../users/user.entity.js';

/** Work for one organization: what {@link SignedInUser} has unless it is the platform's own account. */
export interface Membership {
  readonly userId: number;
  readonly organizationId: number;
  readonly role: UserRole;
}

/** Who sent a request. {@link AuthGuard} puts it on the request, freshly read from the database. */
export interface SignedInUser {
  readonly accountId: number;
  readonly email: string;
  readonly platformAdmin: boolean;
  readonly membership?: Membership;
}

/** What a signed-in user is told of themselves. The platform's own account has neither a user nor an organization. */
export interface WhoAmI {
  readonly email: string;
  readonly platformAdmin: boolean;
  readonly user: { readonly id: number; readonly name: string; readonly role: UserRole } | null;
  readonly organization: { readonly id: number; readonly name: string } | null;
}

/** A request that has passed {@link AuthGuard}. */
export interface SignedInRequest {
  user?: SignedInUser;
}

/**
 * Who sent a request, as a member of an organization.
 *
 * @throws Error on a route without {@link AuthGuard} or without a tenant scope, which such a person cannot reach
 */
export function memberOf({ user }: SignedInRequest): Membership {
  if (user?.membership === undefined) throw new Error('The request has no signed-in member of an organization.');
  return user.membership;
}
