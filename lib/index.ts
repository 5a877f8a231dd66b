import { hookDataSourceInitialize } from './orm/instrument-data-source.js';

// Importing the package instruments every DataSource of the process: of an application, a worker, a script or a test.
hookDataSourceInitialize();

export type { CrudDefaults, CrudLimit, PagingMode } from './crud/options/crud-defaults.js';
export type { Operator } from './crud/options/filter-operators.js';
export type { ColumnFilter, CrudDtos, CrudOptions } from './crud/options/crud-options.js';
export { getCrudToken, InjectCrud } from './crud/crud.providers.js';
export type { CrudRoute, OptInRoute } from './crud/options/crud-routes.js';
export { CrudController } from './crud/crud.controller.js';
export type { CrudBody } from './crud/crud.controller.js';
export { Crud } from './crud/crud.decorator.js';
export { CrudService } from './crud/crud.service.js';
export type { CrudValues } from './crud/crud.service.js';
export type { CommittedContext, CrudHooks, HookContext, RowChanges } from './crud/options/crud-hooks.interface.js';
export type { ColumnPath, FieldPath, RelationPath } from './crud/options/entity-paths.js';
export type { ParentOptions } from './crud/options/parent-options.js';
export type { ProblemDetailsMode } from './crud/errors/content-negotiation.js';
export type { ProblemDetails } from './crud/errors/problem-details.js';
export { ProblemDetailsFilter } from './crud/errors/problem-details.filter.js';
export type { RequestError } from './crud/errors/request-error.js';
export { Page } from './crud/response/page.js';
export type { CountMode, SoftDeletedMode, ListFilters, ListQuery, SortKey } from './crud/query/list-query.js';
export type { EntityId, IdPart } from './crud/model/resource-id.js';
export { ClientDisconnectedError } from './errors/client-disconnected.error.js';
export { EntityUndeclaredError } from './errors/entity-undeclared.error.js';
export { MuckConfigurationError } from './errors/muck-configuration.error.js';
export { ReferenceUnknownError } from './errors/reference-unknown.error.js';
export { SharedRowError } from './errors/shared-row.error.js';
export { StatementRefusedError } from './errors/statement-refused.error.js';
export { TenantScopeInvalidError } from './errors/tenant-scope-invalid.error.js';
export { TenantScopeMissingError } from './errors/tenant-scope-missing.error.js';
export { TenantScopeViolationError } from './errors/tenant-scope-violation.error.js';
export { UniqueConflictError } from './errors/unique-conflict.error.js';
export type { ViolatedConstraint } from './errors/unique-conflict.error.js';
export type { FailureLevels, LineLevel, LoggingOptions } from './observability/logging-options.js';
export { MuckModule } from './muck.module.js';
export type {
  MuckModuleAsyncOptions,
  MuckModuleOptions,
  MuckOptions,
  MuckModuleExtras,
  UndeclaredEntities,
} from './options/muck.module-definition.js';
export type { RowLevelSecurityOptions } from './orm/row-security/row-security-options.js';
export { CrossTenant } from './tenancy/decorators/cross-tenant.decorator.js';
export { scoped, shared } from './tenancy/metadata/entity-tenancy.registry.js';
export type { EntityTenancyEntry, EntityTenancy, ScopedOptions } from './tenancy/metadata/entity-tenancy.registry.js';
export {
  tenantFromHeader,
  tenantFromParam,
  tenantFromSubdomain,
  tenantFromUser,
} from './tenancy/resolvers/request-resolvers.js';
export type { ClientTenantOptions } from './tenancy/resolvers/request-resolvers.js';
export type { EntityRef } from './tenancy/context/entity-ref.js';
export { table } from './tenancy/context/sql-template.js';
export type { TablePlaceholder } from './tenancy/context/sql-template.js';
export { Tenancy } from './tenancy/tenancy.service.js';
export type { ForEachOptions, UnscopedOptions } from './tenancy/tenancy.service.js';
export type { TenantResolver } from './tenancy/resolvers/tenant-resolver.interface.js';
export { declareScope } from './tenancy/context/tenant-scope.js';
export type { ScopeDeclaration, ScopeValue, ScopeValueType, TenantScope } from './tenancy/context/tenant-scope.js';
export { TenantScoped } from './tenancy/decorators/tenant-scoped.decorator.js';
export type { TenantScopedOptions } from './tenancy/decorators/tenant-scoped.decorator.js';
export { TenantShared } from './tenancy/decorators/tenant-shared.decorator.js';
export { tenantCache, tenantCacheKey } from './tenancy/http/tenant-cache.js';
export { TenantInterceptor } from './tenancy/http/tenant.interceptor.js';
export type { UndeclaredEntity } from './tenancy/metadata/undeclared-entities.js';
export { Unscoped } from './tenancy/decorators/unscoped.decorator.js';
