import { Inject, Injectable } from '@nestjs/common';
import type { ExecutionContext, OnApplicationBootstrap, Type } from '@nestjs/common';
import { DiscoveryService, ModuleRef } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { MuckConfigurationError } from '../exceptions/muck-configuration.error.js';
import { declarationOf } from '../tenancy/entity-declarations.js';
import { tenantRouteOf } from '../tenancy/tenant-route.js';
import { compileResource } from './compile-resource.js';
import { currentCall, runOutsideCall } from './crud-call.js';
import { CRUD_DEFAULTS } from './crud-defaults.js';
import type { CrudDefaults } from './crud-defaults.js';
import { crudMetadataOf } from './crud-metadata.js';
import type { CrudMetadata } from './crud-metadata.js';
import type { CrudOptions } from './crud-options.js';
import { READING_ROUTES } from './crud-routes.js';
import { CrudService } from './crud.service.js';
import { Narrowing, readNarrowing } from './narrowing.js';
import type { Resource } from './resource.js';

/** The narrowing of one controller: its `scope()`. */
export type NarrowByContext = (context: ExecutionContext) => unknown;

/** Knows the resources of an application, and makes the services that work on them. Provided by `MuckModule`. */
@Injectable()
export class CrudServices implements OnApplicationBootstrap {
  private readonly resources = new Map<Function, Resource>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly moduleRef: ModuleRef,
    @Inject(CRUD_DEFAULTS) private readonly defaults: CrudDefaults,
  ) {}

  /**
   * Compiles the resource of every controller, so that what does not fit is found before the first request.
   *
   * @throws MuckConfigurationError with every problem there is
   */
  onApplicationBootstrap(): void {
    const problems = this.discovery.getControllers().flatMap(({ metatype }) => {
      const crud = typeof metatype === 'function' ? crudMetadataOf(metatype) : undefined;
      return crud === undefined ? [] : this.problemsOf(metatype as Type<object>, crud);
    });
    if (problems.length > 0) throw new MuckConfigurationError(problems);
  }

  /** The resource that a controller serves; undefined for a controller without `@Crud`. */
  resourceOf(controller: Function): Resource | undefined {
    const crud = crudMetadataOf(controller);
    return crud && this.compileOnce(controller, crud);
  }

  /**
   * The service of a controller.
   *
   * @param controller its class
   * @param narrow its `scope()`; undefined when it has none of its own
   */
  forController<T extends object>(controller: Function, narrow: NarrowByContext | undefined): CrudService<T> {
    const crud = crudMetadataOf(controller);
    if (crud === undefined)
      throw new MuckConfigurationError([`${controller.name} extends CrudController: put @Crud(Entity) on it.`]);
    const resource = (): Resource<T> => this.compileOnce(controller, crud) as unknown as Resource<T>;
    return new CrudService<T>({
      resource,
      narrowing: narrow === undefined ? noNarrowing : narrowOncePerCall(resource, narrow, `${controller.name}.scope()`),
      takeClaims: () => currentCall()?.takeClaims() ?? {},
    });
  }

  /** A service that belongs to no controller. */
  forEntity<T extends object>(entity: Type<T>): CrudService<T> {
    const crud: CrudMetadata<T> = { entity, options: {}, routes: [] };
    return new CrudService<T>({
      resource: () => this.compileOnce(entity, crud as unknown as CrudMetadata) as unknown as Resource<T>,
      narrowing: noNarrowing,
      takeClaims: () => ({}),
    });
  }

  private compileOnce(owner: Function, { entity, options }: CrudMetadata): Resource {
    let resource = this.resources.get(owner);
    if (resource === undefined) {
      resource = compileResource({
        dataSource: this.dataSourceOf(entity, options, owner.name),
        entity,
        options: { ...this.defaults, ...options },
        createsForAnyTenant: routeKind(owner, 'create') === 'cross-tenant',
        where: owner.name,
      });
      this.resources.set(owner, resource);
    }
    return resource;
  }

  private dataSourceOf(entity: Type<object>, options: CrudOptions<object>, where: string): DataSource {
    if (options.dataSource !== undefined)
      return this.moduleRef.get<DataSource>(getDataSourceToken(options.dataSource), { strict: false });
    const instances = new Set(this.discovery.getProviders().map(({ instance }): unknown => instance));
    const found = [...instances].filter(
      (instance) => instance instanceof DataSource && instance.hasMetadata(entity),
    ) as DataSource[];
    if (found.length === 1) return found[0];
    throw new MuckConfigurationError([
      found.length === 0
        ? `${where}: no DataSource knows ${entity.name}. Add it to the entities of TypeOrmModule.forRoot(), or import TypeOrmModule.forFeature([${entity.name}]).`
        : `${where}: several DataSources know ${entity.name}. Name one: @Crud(${entity.name}, { dataSource: '…' }).`,
    ]);
  }

  private problemsOf(controller: Type<object>, { entity, options, routes }: CrudMetadata): readonly string[] {
    const isShared = declarationOf(entity, entity.name)?.kind === 'shared';
    const writes = routes.filter((route) => !READING_ROUTES.includes(route));
    try {
      this.resourceOf(controller);
    } catch (error) {
      if (error instanceof MuckConfigurationError) return error.problems;
      throw error;
    }
    // Declared by forRoot({ entities }), after the controller's class was made with all routes.
    return isShared && options.only === undefined && writes.length > 0
      ? [
          `${controller.name} would let clients write ${entity.name}, which all tenants share. Say which routes: only: ['findAll', 'findOne'].`,
        ]
      : [];
  }
}

function routeKind(owner: Function, method: string): string | undefined {
  const handler: unknown = (owner.prototype as Record<string, unknown> | undefined)?.[method];
  return ((typeof handler === 'function' ? tenantRouteOf(handler) : undefined) ?? tenantRouteOf(owner))?.kind;
}

function noNarrowing(): Promise<Narrowing> {
  return Promise.resolve(Narrowing.none);
}

function narrowOncePerCall<T extends object>(
  resource: () => Resource<T>,
  narrow: NarrowByContext,
  where: string,
): () => Promise<Narrowing> {
  const known = new WeakMap<ExecutionContext, Promise<Narrowing>>();
  return () => {
    const context = currentCall()?.context;
    if (context === undefined) {
      return Promise.reject(
        new Error(
          `${where} narrows by the request, and none is being handled: use @InjectCrud(${resource().name}) outside of requests.`,
        ),
      );
    }
    let narrowing = known.get(context);
    if (narrowing === undefined) {
      // Outside the call: a scope() that asked its own service would wait for itself.
      narrowing = runOutsideCall(async () => readNarrowing(resource(), await narrow(context), where));
      known.set(context, narrowing);
    }
    return narrowing;
  };
}
