import { Inject, Injectable } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, ModuleRef } from '@nestjs/core';
import { MuckConfigurationError } from '../errors/muck-configuration.error.js';
import { tenancyOf } from '../tenancy/metadata/entity-tenancy.registry.js';
import { ProviderInstances } from '../tenancy/resolvers/provider-instances.js';
import { attempt } from '../common/safe-read.js';
import { getRouteTenancy } from '../tenancy/metadata/route-tenancy.metadata.js';
import { decoratorStoreProblems } from './resource/decorator-metadata-stores.js';
import { compileResource } from './resource/compile-resource.js';
import { ControllerConstraints } from './http/controller-constraints.js';
import type { ConstraintFactory } from './http/controller-constraints.js';
import { currentRequest } from './http/crud-request-context.js';
import { CRUD_DEFAULTS, DEFAULT_LIMIT } from './options/crud-defaults.js';
import type { CrudDefaults } from './options/crud-defaults.js';
import { crudMetadataOf } from './options/crud.metadata.js';
import type { CrudMetadata } from './options/crud.metadata.js';
import type { CrudDtos, CrudOptions } from './options/crud-options.js';
import { READING_ROUTES } from './options/crud-routes.js';
import type { CrudRoute } from './options/crud-routes.js';
import { CrudService } from './crud.service.js';
import { RequestHooks } from './http/request-hooks.js';
import type { ParentChain } from './parents/parent-chain.js';
import { validateParentPath } from './parents/parent-path.validator.js';
import { DirectHandler } from './routing/direct-handler.js';
import type { Resource } from './resource/resource.js';
import { RowConstraints } from './persistence/row-constraints.js';
import { IfMatch } from './preconditions/if-match.js';
import { DataSourceLocator } from './data-source.locator.js';

/** Compiles and caches the resources of an application and creates their services. Provided by `MuckModule`. */
@Injectable()
export class CrudRegistry {
  private readonly resources = new Map<Function, Resource>();

  private readonly dataSources: DataSourceLocator;

  private readonly instances: ProviderInstances;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly moduleRef: ModuleRef,
    @Inject(CRUD_DEFAULTS) private readonly defaults: CrudDefaults,
  ) {
    this.dataSources = new DataSourceLocator(discovery, moduleRef);
    this.instances = new ProviderInstances(moduleRef);
  }

  /**
   * Compiles the resource of every controller, so that configuration errors are found at startup.
   *
   * @returns the text of every problem
   */
  problems(): readonly string[] {
    const served = this.discovery.getControllers().flatMap(({ metatype, host }) => {
      const crud = typeof metatype === 'function' ? attempt(() => crudMetadataOf(metatype), undefined) : undefined;
      return crud === undefined ? [] : [{ controller: metatype as Type<object>, crud, module: host?.metatype }];
    });
    // If the metadata stores of decorators are empty, the checks below would report wrong problems.
    const types = served.flatMap(({ crud: { entity, options } }) => [entity, ...dtosOf(options.dto)]);
    const unread = served.length > 0 ? decoratorStoreProblems(types) : [];
    if (unread.length > 0) return unread;
    return this.dataSources.during(() =>
      served.flatMap(({ controller, crud, module }) => this.problemsOf(controller, crud, module)),
    );
  }

  /** Returns the resource that a controller serves; undefined for a controller without `@Crud`. */
  resourceOf(controller: Function): Resource | undefined {
    const known = this.resources.get(controller);
    if (known !== undefined) return known;
    const crud = crudMetadataOf(controller);
    return crud && this.compileOnce(controller, crud);
  }

  /**
   * Returns the service of a controller.
   *
   * @param controller its class
   * @param narrow its `scope()`; undefined if it does not override it
   */
  serviceForController<T extends object>(controller: Function, narrow: ConstraintFactory | undefined): CrudService<T> {
    const crud = crudMetadataOf(controller);
    if (crud === undefined)
      throw new MuckConfigurationError([`${controller.name} extends CrudController: put @Crud(Entity) on it.`]);
    const resource = (): Resource<T> => this.compileOnce(controller, crud) as unknown as Resource<T>;
    const hooks = this.hooksOf<T>(crud);
    const narrowing = new ControllerConstraints(resource, controller.name, narrow);
    return new CrudService<T>({
      resource,
      narrowing: () => narrowing.current(),
      consumeServerOwnedFields: () => currentRequest()?.consumeServerOwnedFields() ?? {},
      takeUndecided: () => currentRequest()?.takeUndecided() ?? [],
      takePrecondition: () => currentRequest()?.consumePrecondition() ?? IfMatch.none,
      rawRowConsumer: () => currentRequest(),
      hooks: () => hooks.chain(),
    });
  }

  /**
   * Returns what runs a route of `@Crud` without Nest's Observables; undefined if Nest has to run it.
   *
   * @param controller its class
   * @param handler runs a method of the base controller and no application code
   */
  directHandlerOf(controller: Function, handler: Function): DirectHandler | undefined {
    const wrappers = this.discovery.getControllers().filter(({ metatype }) => metatype === controller);
    const wrapper = wrappers.length === 1 ? wrappers[0] : undefined;
    if (wrapper?.isDependencyTreeStatic() !== true) return undefined;
    const config = this.moduleRef.get(ApplicationConfig, { strict: false });
    return DirectHandler.of(controller, handler, wrapper.instance as object, {
      pipes: config.getGlobalPipes(),
      hasRequestPipes: config.getGlobalRequestPipes().length > 0,
    });
  }

  /** Returns a service without a controller. */
  serviceForEntity<T extends object>(entity: Type<T>): CrudService<T> {
    const crud: CrudMetadata<T> = { entity, options: {}, routes: [], links: [] };
    const hooks = this.hooksOf<T>(crud);
    return new CrudService<T>({
      resource: () => this.compileOnce(entity, crud as unknown as CrudMetadata) as unknown as Resource<T>,
      narrowing: () => RowConstraints.empty,
      consumeServerOwnedFields: () => ({}),
      takeUndecided: () => [],
      takePrecondition: () => IfMatch.none,
      rawRowConsumer: () => undefined,
      hooks: () => hooks.chain(),
    });
  }

  private prefix(): string {
    return this.moduleRef.get(ApplicationConfig, { strict: false }).getGlobalPrefix();
  }

  private hooksOf<T extends object>({ options }: { readonly options: object }): RequestHooks<T> {
    const { hooks = [] } = options as CrudOptions<T>;
    return new RequestHooks(hooks, this.instances);
  }

  private compileOnce(owner: Function, { entity, options, routes, links }: CrudMetadata): Resource {
    let resource = this.resources.get(owner);
    if (resource === undefined) {
      resource = compileResource({
        dataSource: this.dataSources.find(entity, options.dataSource, owner.name),
        entity,
        options: mergeDefaults(options, this.defaults),
        moduleSort: this.defaults.defaultSort ?? [],
        createsForAnyTenant: routeKind(owner, 'create') === 'cross-tenant',
        routes,
        hasCrossTenantRoutes: [...routes, ...links.map(({ name }) => name)].some(
          (name) => routeKind(owner, name) === 'cross-tenant',
        ),
        where: owner.name,
      });
      this.resources.set(owner, resource);
    }
    return resource;
  }

  private problemsOf(controller: Type<object>, crud: CrudMetadata, module: Function | undefined): readonly string[] {
    const { entity, options, routes } = crud;
    const isShared = tenancyOf(entity, entity.name)?.kind === 'shared';
    const named: readonly CrudRoute[] = options.also ?? [];
    const unnamedWrites = routes.filter((route) => !READING_ROUTES.includes(route) && !named.includes(route));
    let parents: ParentChain | undefined;
    try {
      parents = this.compileOnce(controller, crud).parents;
    } catch (error) {
      if (error instanceof MuckConfigurationError) return error.problems;
      throw error;
    }
    const problems = this.hooksOf(crud).problems(controller.name);
    if (parents !== undefined) problems.push(...validateParentPath(controller, module, this.prefix(), parents));
    // An entity that `forRoot({ entities })` declares as shared is unknown while the decorator chooses the routes.
    if (isShared && options.only === undefined && unnamedWrites.length > 0) {
      problems.push(
        `${controller.name} would let clients write ${entity.name}, which all tenants share. List the allowed routes: only: ['findAll', 'findOne'].`,
      );
    }
    return problems;
  }
}

function dtosOf(dto: CrudDtos = {}): Type<object>[] {
  return Object.values(dto as Readonly<Record<string, Type<object> | undefined>>).filter((type) => type !== undefined);
}

function routeKind(owner: Function, method: string): string | undefined {
  const handler: unknown = (owner.prototype as Record<string, unknown> | undefined)?.[method];
  return getRouteTenancy(...(typeof handler === 'function' ? [handler, owner] : [owner]))?.kind;
}

/**
 * Merges the defaults into a controller's options; the options take precedence. A default page size above the
 * controller's maximum is reduced to it.
 */
function mergeDefaults<T extends object>(options: CrudOptions<T>, defaults: CrudDefaults): CrudOptions<T> {
  const max = options.limit?.max ?? defaults.limit?.max ?? DEFAULT_LIMIT.max;
  const limit = options.limit?.default ?? Math.min(defaults.limit?.default ?? DEFAULT_LIMIT.default, max);
  const constraints = { ...defaults.constraints, ...options.constraints };
  // The module's order may name columns that the entity does not have, so it is passed as `moduleSort`.
  return { ...defaults, defaultSort: undefined, ...options, constraints, limit: { default: limit, max } };
}
