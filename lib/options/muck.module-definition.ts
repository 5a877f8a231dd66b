import type { ConfigurableModuleAsyncOptions, ModuleMetadata, Type } from '@nestjs/common';
import type { LoggingOptions } from '../observability/logging-options.js';
import type { CrudDefaults } from '../crud/options/crud-defaults.js';
import type { EntityTenancyEntry } from '../tenancy/metadata/entity-tenancy.registry.js';
import type { TenantResolver } from '../tenancy/resolvers/tenant-resolver.interface.js';
import type { RowLevelSecurityOptions } from '../orm/row-security/row-security-options.js';
import type { ScopeDeclaration } from '../tenancy/context/tenant-scope.js';

/** How the application handles undeclared entities; see {@link MuckOptions.undeclaredEntities}. */
export type UndeclaredEntities = 'fail' | 'deny-queries' | 'allow';

/** Options that may come from configuration: the factory of `forRootAsync` returns them. */
export interface MuckOptions {
  /**
   * How to handle entities that are declared neither tenant-scoped nor shared.
   *
   * - `fail` (default) stops the start.
   * - `deny-queries` starts, logs them and refuses queries on them.
   * - `allow` starts, logs each and leaves them as in plain TypeORM, without a tenant predicate.
   *
   * `allow` is for applications that adopt this package step by step. See `Tenancy.undeclaredEntities`.
   */
  readonly undeclaredEntities?: UndeclaredEntities;
  /**
   * Whether PostgreSQL keeps the statements of lists and reads as named prepared statements on each connection.
   * Default: true.
   *
   * Disable it behind a pooler that switches connections between two statements and does not carry the names along. To
   * disable it for one DataSource, set `extra: { preparedStatements: false }` in its options.
   */
  readonly preparedStatements?: boolean;
  /** What is logged of failed requests and slow statements, and at which level. */
  readonly logging?: LoggingOptions;
  /**
   * Whether spans and metrics are recorded through `@opentelemetry/api`, if the application has installed it. Default:
   * true. `{ statementSpans: false }` leaves out the spans of statements, for an application in which the driver's
   * instrumentation makes them.
   */
  readonly telemetry?: boolean | { readonly statementSpans: boolean };
  /** Defaults for the options of every `@Crud`. */
  readonly defaults?: CrudDefaults;
}

/** Options that must be known when the module is declared. */
export interface MuckModuleExtras {
  /** Keys of the tenant scope and their types, e.g. `{ organizationId: Number }`. */
  readonly scope: ScopeDeclaration;
  /** Class that resolves the tenant of a request. */
  readonly resolver: Type<TenantResolver>;
  /** Modules that provide the resolver's dependencies. */
  readonly imports?: ModuleMetadata['imports'];
  /** Declarations of entities that cannot be decorated. */
  readonly entities?: readonly EntityTenancyEntry[];
  /**
   * Row-level security of PostgreSQL as the second enforcement layer. Every statement then runs with the current scope
   * as a setting of its transaction, and the start checks roles and policies. Default: off.
   *
   * Before it is enabled, the policies must be in the database: `npx nestjs-muck rls generate`.
   */
  readonly rowLevelSecurity?: RowLevelSecurityOptions;
}

/** Options of `MuckModule.forRoot`. */
export type MuckModuleOptions = MuckOptions & MuckModuleExtras;

/**
 * Options of `MuckModule.forRootAsync`: `useFactory` with `inject`, `useClass` or `useExisting`, plus
 * {@link MuckModuleExtras}.
 */
export type MuckModuleAsyncOptions = ConfigurableModuleAsyncOptions<MuckOptions> & MuckModuleExtras;

/** Token of the {@link MuckOptions} that the module was configured with. */
export const MODULE_OPTIONS_TOKEN = Symbol('nestjs-muck:module-options');
