import { UseInterceptors } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import {
  registerCrudController,
  registerEntityTenancy,
  entityOfController,
} from '../metadata/entity-tenancy.registry.js';
import type { ScopedOptions } from '../metadata/entity-tenancy.registry.js';
import { ROUTE_TENANCY_METADATA } from '../metadata/route-tenancy.metadata.js';
import type { RouteTenancy } from '../metadata/route-tenancy.metadata.js';
import { TenantInterceptor } from '../http/tenant.interceptor.js';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';

/** Options of {@link TenantScoped} on an entity (all but `resolver`) and on a controller or handler (`resolver`). */
export interface TenantScopedOptions extends ScopedOptions {
  /** On a controller or handler: another resolver than the module's. A provider of the application. */
  readonly resolver?: Type<TenantResolver>;
}

/**
 * On an entity: its rows belong to a tenant. Every statement on it is limited to the scope in force, whoever makes it.
 *
 * On a controller or a handler: the resolver's scope is in force while it runs; the handler's word beats the class's. On a
 * `@Crud` controller it also declares the entity if neither the entity, nor a class above it, nor `forRoot({ entities })` does. Options that
 * disagree with theirs stop the application from starting.
 *
 * @example
 * @Entity() @TenantScoped()
 * export class SupportTicket { … @Column() organizationId: number }
 *
 * @Entity() @TenantScoped({ columns: { organizationId: 'id' } })
 * export class Organization { … }
 *
 * // Rows without an organization are defaults, which every organization reads:
 * @Entity() @TenantScoped({ nullMeans: 'shared' })
 * export class MessageTemplate { … @Column({ type: Number, nullable: true }) organizationId: number | null }
 *
 * @Controller('support-tickets') @TenantScoped()
 * export class SupportTicketsController { … }
 */
export function TenantScoped(options: TenantScopedOptions = {}): ClassDecorator & MethodDecorator {
  const { resolver, ...entityOptions } = options;
  const route: RouteTenancy = { kind: 'scoped', ...(resolver && { resolver }) };
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (typeof target === 'function' && descriptor === undefined) {
      // What class this is (an entity or a controller) is not known yet: decorators run from the bottom up.
      registerEntityTenancy(target, { kind: 'scoped', options: entityOptions }, 'decorator');
    }
    putRoute(route, target, property, descriptor);
  };
}

/** Puts the route metadata and the interceptor on a controller class or a handler. */
export function putRoute(
  route: RouteTenancy,
  target: object,
  property?: string | symbol,
  descriptor?: PropertyDescriptor,
): void {
  const carrier: unknown = descriptor === undefined ? target : descriptor.value;
  if (typeof carrier !== 'function') throw new TypeError(`${String(property)} is not a method or class.`);
  Reflect.defineMetadata(ROUTE_TENANCY_METADATA, route, carrier);
  const served = descriptor === undefined ? entityOfController(target as Function) : undefined;
  if (served !== undefined) {
    // A class that extends a resource's controller speaks of that resource. The interceptor of a resource opens the scope itself.
    registerCrudController(target as Function, served);
    return;
  }
  const useInterceptor = UseInterceptors(TenantInterceptor);
  if (descriptor === undefined) useInterceptor(target as Function);
  else useInterceptor(target, property!, descriptor);
}
