import { MetadataScanner } from '@nestjs/core';
import { declarationOf, entityServedBy } from '../tenancy/entity-declarations.js';
import { tenantRouteOf } from '../tenancy/tenant-route.js';

/** What an application's controllers need before it may start. */
export interface ControllerFindings {
  /** Each stops the application from starting. */
  readonly problems: readonly string[];
  /** Controllers and handlers that run over all tenants, for the boot log. */
  readonly crossTenant: readonly string[];
  /** Those of them that have no guard. */
  readonly warnings: readonly string[];
}

/** Nest's own metadata keys. */
const GUARDS = '__guards__';
const PATH = 'path';

/**
 * Checks that each CRUD controller over a scoped entity says how it stands to tenants, and lists what runs over all of them.
 *
 * @param controllers the application's controller classes
 */
export function checkControllers(controllers: readonly Function[]): ControllerFindings {
  const crossTenant = controllers.flatMap((controller) => crossTenantPlaces(controller));
  return {
    problems: controllers.flatMap((controller) => undecided(controller)),
    crossTenant: crossTenant.map(({ place, why }) => `${place} runs over all tenants: ${why}`),
    warnings: crossTenant
      .filter(({ guarded }) => !guarded)
      .map(({ place }) => `${place} runs over all tenants, and no guard stands before it`),
  };
}

function undecided(controller: Function): string[] {
  const entity = entityServedBy(controller);
  if (entity === undefined || tenantRouteOf(controller) !== undefined) return [];
  if (declarationOf(entity)?.kind !== 'scoped') return [];
  const name = typeof entity === 'string' ? entity : entity.name;
  return [
    `${controller.name} serves ${name}, whose rows belong to tenants, and does not say for whom. ` +
      `Decorate the controller with @TenantScoped(), or with @CrossTenant('why').`,
  ];
}

interface CrossTenantPlace {
  readonly place: string;
  readonly why: string;
  readonly guarded: boolean;
}

function crossTenantPlaces(controller: Function): CrossTenantPlace[] {
  const prototype = controller.prototype as Record<string, unknown>;
  const handlers = new MetadataScanner()
    .getAllMethodNames(prototype)
    .map((name) => prototype[name])
    .filter((handler): handler is Function => typeof handler === 'function' && Reflect.hasMetadata(PATH, handler));
  const ofClass = tenantRouteOf(controller);
  const places: CrossTenantPlace[] = [];
  if (ofClass?.kind === 'cross-tenant') {
    places.push({ place: controller.name, why: ofClass.why, guarded: hasGuard(controller) });
  }
  for (const handler of handlers) {
    const route = tenantRouteOf(handler);
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
