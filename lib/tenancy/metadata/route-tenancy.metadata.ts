import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';

/** Tenancy of a controller or handler. */
export type RouteTenancy =
  | { readonly kind: 'scoped'; readonly resolver?: Type<TenantResolver> }
  | { readonly kind: 'cross-tenant'; readonly why: string };

/** Sets the tenancy of a controller class or a handler. */
export const SetRouteTenancy = Reflector.createDecorator<RouteTenancy>({ key: 'nestjs-muck:tenant-route' });

const reflector = new Reflector();

/**
 * Returns the tenancy of the first target that has one, inherited metadata included.
 *
 * @param targets a handler, then its controller; or a controller
 */
export function getRouteTenancy(...targets: Function[]): RouteTenancy | undefined {
  return reflector.getAllAndOverride(SetRouteTenancy, targets as Parameters<Reflector['getAllAndOverride']>[1]);
}
