import type { Type } from '@nestjs/common';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';

/** Injection token of the module's resolver class. */
export const DEFAULT_RESOLVER = Symbol('nestjs-muck:default-resolver');

/** Names the class that resolves the tenant where a controller names none. */
export interface DefaultResolver {
  readonly type: Type<TenantResolver>;
}
