import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';

/** How a controller or handler stands to tenants. */
export type TenantRoute =
  | { readonly kind: 'scoped'; readonly resolver?: Type<TenantResolver> }
  | { readonly kind: 'cross-tenant'; readonly why: string };

/** Metadata key, on a controller class or a handler function. */
export const TENANT_ROUTE = 'nestjs-muck:tenant-route';

/** The route metadata of a controller class or handler, inherited ones included. */
export function tenantRouteOf(target: Function): TenantRoute | undefined {
  return Reflect.getMetadata(TENANT_ROUTE, target) as TenantRoute | undefined;
}
