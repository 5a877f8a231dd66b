import type { Type } from '@nestjs/common';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';

/** Injection token of the module's resolver class. */
export const DEFAULT_RESOLVER = Symbol('nestjs-muck:default-resolver');

/** Resolver class of controllers and handlers that set no resolver of their own. */
export interface DefaultResolver {
  readonly type: Type<TenantResolver>;
}
