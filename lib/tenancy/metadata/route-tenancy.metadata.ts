import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';

/** Tenancy of a controller or handler. */
export type RouteTenancy =
  | { readonly kind: 'scoped'; readonly resolver?: Type<TenantResolver> }
  | { readonly kind: 'cross-tenant'; readonly why: string };

/** Metadata key on a controller class or a handler function. */
export const ROUTE_TENANCY_METADATA = 'nestjs-muck:tenant-route';

/** Returns the route metadata of a controller class or handler, including inherited metadata. */
export function getRouteTenancy(target: Function): RouteTenancy | undefined {
  return Reflect.getMetadata(ROUTE_TENANCY_METADATA, target) as RouteTenancy | undefined;
}
