import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { StartupValidator } from './startup/startup-validator.js';
import { MergePatchParser } from './crud/http/merge-patch-parser.js';
import { UnmatchedRequestHandler } from './crud/routing/unmatched-request.handler.js';
import { CRUD_DEFAULTS } from './crud/options/crud-defaults.js';
import type { CrudDefaults } from './crud/options/crud-defaults.js';
import { crudProviders } from './crud/crud.providers.js';
import { CrudRegistry } from './crud/crud-registry.js';
import { ApplicationObserver } from './observability/application-observer.js';
import { ObservedDataSources } from './observability/observed-data-sources.js';
import { loadTelemetry } from './observability/telemetry.js';
import { RequestObserver } from './tenancy/http/request-observer.js';
import { MuckConfigurationError } from './errors/muck-configuration.error.js';
import { MODULE_OPTIONS_TOKEN } from './options/muck.module-definition.js';
import type {
  MuckModuleAsyncOptions,
  MuckModuleOptions,
  MuckOptions,
  MuckModuleExtras,
} from './options/muck.module-definition.js';
import { declareRowLevelSecurity } from './orm/row-security/row-security-options.js';
import { registerEntityTenancy } from './tenancy/metadata/entity-tenancy.registry.js';
import { Tenancy } from './tenancy/tenancy.service.js';
import { declareScope } from './tenancy/context/tenant-scope.js';
import { TenantInterceptor } from './tenancy/http/tenant.interceptor.js';
import { DEFAULT_RESOLVER } from './tenancy/metadata/tenancy.tokens.js';

const EXTRAS: Record<keyof MuckModuleExtras, undefined> = {
  scope: undefined,
  resolver: undefined,
  imports: undefined,
  entities: undefined,
  rowLevelSecurity: undefined,
};

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<MuckOptions>({
  moduleName: 'Muck',
  optionsInjectionToken: MODULE_OPTIONS_TOKEN,
})
  .setClassMethodName('forRoot')
  .setExtras<Partial<MuckModuleExtras>>(EXTRAS, withExtras)
  .build();

/**
 * Nest module that adds tenancy to an application. Import it once, in the root module; it is global.
 *
 * @example
 * @Module({
 *   imports: [
 *     TypeOrmModule.forRoot({ … }),
 *     MuckModule.forRoot({
 *       scope: { organizationId: Number },
 *       resolver: CurrentOrganization,
 *       imports: [MembershipsModule],
 *     }),
 *   ],
 * })
 * export class AppModule {}
 */
@Module({})
export class MuckModule {
  /**
   * Configures the module with options that are known when it is declared.
   *
   * @param options `scope`, `resolver` and further options
   * @returns the module for the imports of the root module
   * @throws MuckConfigurationError if `scope` or `resolver` is missing, or `scope` differs from an earlier declaration
   * in this process
   * @example
   * MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') })
   */
  static forRoot(options: MuckModuleOptions): DynamicModule {
    return ConfigurableModuleClass.forRoot(options);
  }

  /**
   * Configures the module with options from a factory or class. `scope`, `resolver`, `imports`, `entities` and
   * `rowLevelSecurity` stay
   * static.
   *
   * @param options `useFactory` with `inject`, `useClass` or `useExisting`, plus the static options
   * @returns the module for the imports of the root module
   * @throws MuckConfigurationError as `forRoot` does
   * @example
   * MuckModule.forRootAsync({
   *   scope: { organizationId: Number },
   *   resolver: CurrentOrganization,
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ preparedStatements: config.get('PREPARED_STATEMENTS') }),
   * })
   */
  static forRootAsync(options: MuckModuleAsyncOptions): DynamicModule {
    return ConfigurableModuleClass.forRootAsync(options);
  }

  /**
   * Makes the `CrudService` of each entity injectable with `@InjectCrud(Entity)`. Only needed outside of `@Crud`
   * controllers.
   *
   * @param entities the entity classes
   * @returns the module for the imports of a feature module
   * @example
   * @Module({ imports: [MuckModule.forFeature([SupportTicket])], providers: [TicketImport] })
   */
  static forFeature(entities: readonly Type<object>[]): DynamicModule {
    const providers = crudProviders(entities);
    return { module: MuckModule, providers, exports: providers };
  }
}

/**
 * Adds the providers to the module's definition, and declares the scope and the entities.
 *
 * @throws MuckConfigurationError if `scope` or `resolver` is missing, or `scope` differs from an earlier declaration
 */
function withExtras(
  definition: DynamicModule,
  { scope, resolver, imports, entities, rowLevelSecurity }: Partial<MuckModuleExtras>,
): DynamicModule {
  const missing = [
    ...(scope === undefined
      ? ['MuckModule.forRoot needs the keys of a tenant scope: scope: { organizationId: Number }']
      : []),
    ...(resolver === undefined
      ? ["MuckModule.forRoot needs a resolver: resolver: tenantFromUser('organizationId')"]
      : []),
  ];
  if (scope === undefined || resolver === undefined) throw new MuckConfigurationError(missing);
  declareScope(scope);
  if (rowLevelSecurity !== undefined) declareRowLevelSecurity(rowLevelSecurity);
  for (const { entity, declaration } of entities ?? []) registerEntityTenancy(entity, declaration, 'forRoot');
  return {
    ...definition,
    module: MuckModule,
    global: true,
    // Nest adds the imports of forRootAsync to the definition itself.
    imports: [...new Set([...(definition.imports ?? []), ...(imports ?? []), DiscoveryModule])],
    providers: [
      ...(definition.providers ?? []),
      resolver,
      { provide: DEFAULT_RESOLVER, useValue: { type: resolver } },
      {
        provide: CRUD_DEFAULTS,
        inject: [MODULE_OPTIONS_TOKEN],
        useFactory: ({ defaults }: MuckOptions): CrudDefaults => defaults ?? {},
      },
      ObservedDataSources,
      {
        provide: ApplicationObserver,
        inject: [MODULE_OPTIONS_TOKEN, ObservedDataSources],
        useFactory: createObserver,
      },
      { provide: RequestObserver, useExisting: ApplicationObserver },
      CrudRegistry,
      Tenancy,
      TenantInterceptor,
      StartupValidator,
      MergePatchParser,
      UnmatchedRequestHandler,
    ],
    exports: [
      ...(definition.exports ?? []),
      DEFAULT_RESOLVER,
      CrudRegistry,
      ObservedDataSources,
      RequestObserver,
      Tenancy,
      TenantInterceptor,
    ],
  };
}

async function createObserver(
  { logging = {}, telemetry = true }: MuckOptions,
  dataSources: ObservedDataSources,
): Promise<ApplicationObserver> {
  const spans = typeof telemetry === 'object' ? telemetry : { statementSpans: true };
  const recorder = telemetry === false ? undefined : await loadTelemetry(spans, dataSources);
  return new ApplicationObserver(logging, recorder, dataSources);
}
