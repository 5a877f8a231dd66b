import { UseInterceptors } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import {
  registerCrudController,
  registerEntityTenancy,
  entityOfController,
} from '../metadata/entity-tenancy.registry.js';
import type { ScopedOptions } from '../metadata/entity-tenancy.registry.js';
import { SetRouteTenancy } from '../metadata/route-tenancy.metadata.js';
import type { RouteTenancy } from '../metadata/route-tenancy.metadata.js';
import { TenantInterceptor } from '../http/tenant.interceptor.js';
import type { TenantResolver } from '../resolvers/tenant-resolver.interface.js';

/** Options of {@link TenantScoped}: `resolver` on a controller or handler, all others on an entity. */
export interface TenantScopedOptions extends ScopedOptions {
  /** Resolver class for a controller or handler, in place of the module's. It must be a provider of the application. */
  readonly resolver?: Type<TenantResolver>;
}

/**
 * Declares an entity as tenant-scoped, or runs a controller or handler in the tenant's scope.
 *
 * On an entity: its rows belong to a tenant. Every statement on it is limited to the current scope, whichever code
 * issues it.
 *
 * On a controller or handler: it runs in the scope that the resolver returns. The decorator of a handler overrides the
 * one of its class.
 *
 * On a `@Crud` controller it also declares the entity, unless the entity, a base class or `forRoot({ entities })` does.
 * If the options disagree with theirs, the application does not start.
 *
 * @param options see {@link TenantScopedOptions}
 * @returns a decorator for an entity, a controller or a handler
 * @throws TypeError if the decorated member is not a method
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
      // The class may be an entity or a controller: decorators run from the bottom up, so this is not known yet.
      registerEntityTenancy(target, { kind: 'scoped', options: entityOptions }, 'decorator');
    }
    putRoute(route, target, property, descriptor);
  };
}

/**
 * Sets the route metadata and the interceptor of a controller class or a handler.
 *
 * @throws TypeError if the decorated member is not a method
 */
export function putRoute(
  route: RouteTenancy,
  target: object,
  property?: string | symbol,
  descriptor?: PropertyDescriptor,
): void {
  const carrier: unknown = descriptor === undefined ? target : descriptor.value;
  if (typeof carrier !== 'function') throw new TypeError(`${String(property)} is not a method or class.`);
  if (descriptor === undefined) SetRouteTenancy(route)(carrier);
  else SetRouteTenancy(route)(target, property!, descriptor);
  const served = descriptor === undefined ? entityOfController(target as Function) : undefined;
  if (served !== undefined) {
    // A class that extends a `@Crud` controller declares the entity of that controller. The CRUD interceptor opens the
    // scope itself.
    registerCrudController(target as Function, served);
    return;
  }
  const useInterceptor = UseInterceptors(TenantInterceptor);
  if (descriptor === undefined) useInterceptor(target as Function);
  else useInterceptor(target, property!, descriptor);
}
