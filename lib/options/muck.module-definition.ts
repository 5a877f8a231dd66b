import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ConfigurableModuleAsyncOptions, ModuleMetadata, Type } from '@nestjs/common';
import type { CrudDefaults } from '../crud/options/crud-defaults.js';
import type { EntityTenancyEntry } from '../tenancy/metadata/entity-tenancy.registry.js';
import type { TenantResolver } from '../tenancy/resolvers/tenant-resolver.interface.js';
import type { ScopeDeclaration } from '../tenancy/context/tenant-scope.js';

/** What may happen to entities that are not declared. */
export type UndeclaredEntities = 'fail' | 'deny-queries' | 'allow';

/** What may come from configuration: `forRootAsync` gets it from its factory. */
export interface MuckOptions {
  /**
   * What happens to entities of which nothing says whether their rows belong to a tenant. `fail` (the default) stops the start.
   * `deny-queries` starts, logs them and refuses queries on them. `allow` starts, logs each and leaves them as they are in plain TypeORM,
   * for applications that adopt this package step by step: nothing keeps tenants apart in them. See `Tenancy.undeclaredEntities`.
   */
  readonly undeclaredEntities?: UndeclaredEntities;
  /**
   * Whether PostgreSQL keeps the statements of lists and reads under a name on each connection, as it does by default. Switch it off
   * behind a pooler that hands connections to others between two statements and does not carry names along. For one DataSource:
   * `extra: { preparedStatements: false }` in its options.
   */
  readonly preparedStatements?: boolean;
  /** Defaults for the options of every `@Crud`. */
  readonly defaults?: CrudDefaults;
}

/** What must be known when the module is declared. */
export interface MuckModuleExtras {
  /** The keys of a tenant scope and their types, for example `{ organizationId: Number }`. */
  readonly scope: ScopeDeclaration;
  /** The class that says which tenant a request works for. */
  readonly resolver: Type<TenantResolver>;
  /** Modules that the resolver's dependencies come from. */
  readonly imports?: ModuleMetadata['imports'];
  /** Declarations of entities that cannot be decorated. */
  readonly entities?: readonly EntityTenancyEntry[];
}

/** What `MuckModule.forRoot` takes. */
export type MuckModuleOptions = MuckOptions & MuckModuleExtras;

/** What `MuckModule.forRootAsync` takes: `useFactory` with `inject`, `useClass` or `useExisting`, and the structure. */
export type MuckModuleAsyncOptions = ConfigurableModuleAsyncOptions<MuckOptions> & MuckModuleExtras;

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<MuckOptions>({
  moduleName: 'Muck',
})
  .setClassMethodName('forRoot')
  .setExtras<Partial<MuckModuleExtras>>({}, (definition) => definition)
  .build();
