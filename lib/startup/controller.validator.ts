import { MetadataScanner } from '@nestjs/core';
import { tenancyOf, entityOfController } from '../tenancy/metadata/entity-tenancy.registry.js';
import { crudMetadataOf } from '../crud/options/crud.metadata.js';
import { CrudController } from '../crud/crud.controller.js';
import { attempt, isInstance, safeRead } from '../common/safe-read.js';
import { getRouteTenancy } from '../tenancy/metadata/route-tenancy.metadata.js';

/** Startup findings about the controllers of an application. */
export interface ControllerFindings {
  /** Problems that stop the start. */
  readonly problems: readonly string[];
  /** Controllers and handlers that run over all tenants, for the startup log. */
  readonly crossTenant: readonly string[];
  /** Warnings about those of them without a guard. */
  readonly warnings: readonly string[];
}

/** Nest's own metadata keys. */
const GUARDS = '__guards__';
const PATH = 'path';

/**
 * Checks that each CRUD controller over a tenant-scoped entity declares its tenancy. Collects controllers and handlers
 * that run over all tenants.
 *
 * @param classes controller classes of the application
 * @param providers classes that its modules provide
 */
export function validateControllers(classes: readonly Function[], providers: ReadonlySet<unknown>): ControllerFindings {
  // Nest registers no route for a class whose metadata cannot be read.
  const controllers = classes.filter((type) => attempt(() => (getRouteTenancy(type), true), false));
  const crossTenant = controllers.flatMap((controller) => crossTenantPlaces(controller));
  return {
    problems: controllers.flatMap((controller) => [
      ...withoutEntity(controller),
      ...undecided(controller),
      ...missingResolvers(controller, providers),
    ]),
    crossTenant: crossTenant.map(({ place, why }) => `${place} runs unscoped: ${why}`),
    warnings: crossTenant
      .filter(({ guarded }) => !guarded)
      .map(({ place }) => `${place} runs unscoped and has no guard`),
  };
}

function withoutEntity(controller: Function): string[] {
  if (!isInstance(safeRead(controller, 'prototype'), CrudController) || crudMetadataOf(controller) !== undefined)
    return [];
  return [`${controller.name} extends CrudController and has no entity. Decorate it: @Crud(Entity).`];
}

function undecided(controller: Function): string[] {
  const entity = entityOfController(controller);
  if (entity === undefined || getRouteTenancy(controller) !== undefined) return [];
  const name = typeof entity === 'string' ? entity : entity.name;
  if (tenancyOf(entity, name)?.kind !== 'scoped') return [];
  return [
    `${controller.name} serves the tenant-scoped entity ${name}, but has no tenant declaration. ` +
      `Decorate the controller with @TenantScoped(), or with @CrossTenant('why').`,
  ];
}

/** Reports resolvers that no module provides. Otherwise the first request would fail. */
function missingResolvers(controller: Function, providers: ReadonlySet<unknown>): string[] {
  return [controller, ...handlersOf(controller)].flatMap((place) => {
    const route = getRouteTenancy(place);
    const resolver = route?.kind === 'scoped' ? route.resolver : undefined;
    return resolver === undefined || providers.has(resolver)
      ? []
      : [
          `${controller.name} uses the resolver ${resolver.name}, which no module provides. Add it to the providers of its module.`,
        ];
  });
}

function handlersOf(controller: Function): Function[] {
  const prototype = safeRead(controller, 'prototype') as object | undefined;
  return attempt(() => new MetadataScanner().getAllMethodNames(prototype ?? null), [])
    .map((name) => safeRead(prototype, name))
    .filter((handler): handler is Function => typeof handler === 'function' && Reflect.hasMetadata(PATH, handler));
}

interface CrossTenantPlace {
  readonly place: string;
  readonly why: string;
  readonly guarded: boolean;
}

function crossTenantPlaces(controller: Function): CrossTenantPlace[] {
  const ofClass = getRouteTenancy(controller);
  const places: CrossTenantPlace[] = [];
  if (ofClass?.kind === 'cross-tenant') {
    places.push({ place: controller.name, why: ofClass.why, guarded: hasGuard(controller) });
  }
  for (const handler of handlersOf(controller)) {
    const route = getRouteTenancy(handler);
    if (route?.kind !== 'cross-tenant') continue;
    places.push({
      place: `${controller.name}.${handler.name}`,
      why: route.why,
      guarded: hasGuard(controller) || hasGuard(handler),
    });
  }
  return places;
}

function hasGuard(target: Function): boolean {
  const guards: unknown = Reflect.getMetadata(GUARDS, target);
  return Array.isArray(guards) && guards.length > 0;
}
