import { RequestMethod } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ApplicationConfig, MetadataScanner } from '@nestjs/core';
import { METHOD_METADATA, PATH_METADATA } from '../../common/peer-internals.js';
import { attempt } from '../../common/safe-read.js';
import { RoutePaths } from '../../crud/routing/route-paths.js';
import { getRouteTenancy } from '../../tenancy/metadata/route-tenancy.metadata.js';
import type { AuditedRoute } from './audit-report.js';

/** Nest's metadata keys of a module. */
const IMPORTS = 'imports';
const CONTROLLERS = 'controllers';

/**
 * Finds the controllers of modules and of all modules that they import, by their metadata alone: no provider is
 * created and nothing connects.
 *
 * @param exported the exports of the module files
 */
export async function findControllers(exported: readonly unknown[]): Promise<Set<Function>> {
  const controllers = new Set<Function>();
  const seen = new Set<unknown>();
  const visit = async (imported: unknown): Promise<void> => {
    const module = (await resolveForward(imported)) as DynamicModule | Function | undefined;
    if (module === undefined || module === null || seen.has(module)) return;
    seen.add(module);
    if (typeof module === 'function') {
      for (const controller of listOf(module, CONTROLLERS)) controllers.add(controller as Function);
      for (const next of listOf(module, IMPORTS)) await visit(next);
      return;
    }
    for (const controller of module.controllers ?? []) controllers.add(controller);
    for (const next of [...(module.imports ?? []), module.module]) await visit(next);
  };
  for (const value of exported) {
    const isModule =
      typeof value === 'function' && [IMPORTS, CONTROLLERS].some((key) => Reflect.hasMetadata(key, value));
    if (isModule) await visit(value);
  }
  return controllers;
}

/** Returns the routes of controllers with their tenancy. Global prefix and versions of `main.ts` are unknown. */
export function auditRoutes(controllers: ReadonlySet<Function>): AuditedRoute[] {
  const paths = new RoutePaths(new ApplicationConfig(), '');
  const routes: AuditedRoute[] = [];
  for (const controller of controllers) {
    const prototype = controller.prototype as Record<string, unknown>;
    for (const name of attempt(() => new MetadataScanner().getAllMethodNames(prototype), [])) {
      const handler = prototype[name];
      if (typeof handler !== 'function' || !Reflect.hasMetadata(PATH_METADATA, handler)) continue;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
      const tenancy = getRouteTenancy(handler, controller);
      for (const path of paths.of(controller, handler, undefined, method)) {
        routes.push({
          route: `${RequestMethod[method]} ${path.replace(/(?<=.)\/$/, '')}`,
          handler: `${controller.name}.${name}`,
          tenancy: tenancy?.kind ?? 'none',
          ...(tenancy?.kind === 'cross-tenant' && { why: tenancy.why }),
        });
      }
    }
  }
  const pathOf = ({ route }: AuditedRoute): string => route.slice(route.indexOf(' '));
  return routes.sort((one, other) => pathOf(one).localeCompare(pathOf(other)));
}

function listOf(module: Function, key: string): readonly unknown[] {
  const listed: unknown = Reflect.getMetadata(key, module);
  return Array.isArray(listed) ? (listed as unknown[]) : [];
}

async function resolveForward(imported: unknown): Promise<unknown> {
  const value = await imported;
  const forward = (value as { readonly forwardRef?: () => unknown } | undefined)?.forwardRef;
  return typeof forward === 'function' ? forward() : value;
}
