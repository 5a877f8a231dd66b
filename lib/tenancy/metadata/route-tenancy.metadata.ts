import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';

/** How a controller or handler stands to tenants. */
export type RouteTenancy =
  | { readonly kind: 'scoped'; readonly resolver?: Type<TenantResolver> }
  | { readonly kind: 'cross-tenant'; readonly why: string };

/** Metadata key, on a controller class or a handler function. */
export const ROUTE_TENANCY_METADATA = 'nestjs-muck:tenant-route';

/** The route metadata of a controller class or handler, inherited ones included. */
export function getRouteTenancy(target: Function): RouteTenancy | undefined {
  return Reflect.getMetadata(ROUTE_TENANCY_METADATA, target) as RouteTenancy | undefined;
}
