import { EntityNotFoundError } from 'typeorm';
import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata, QueryExpressionMap } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import type { ValidScope } from '../../tenancy/context/tenant-scope.js';
import { resolveAccess } from '../policy/access.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isScoped } from '../policy/tenant-policy.js';
import type { TenantColumn } from '../policy/tenant-policy.js';
import { assignedColumnValue } from './resolved-key-values.js';

/** Returns the entity that a builder writes; undefined for a table without an entity. */
export function targetMetadata({ mainAlias }: QueryExpressionMap): EntityMetadata | undefined {
  return mainAlias?.hasMetadata ? mainAlias.metadata : undefined;
}

/**
 * Throws if a write sets a tenant column to another tenant than the current one.
 *
 * @throws TenantScopeViolationError also for null and for an SQL expression
 */
export function assertScopeTenant(
  metadata: EntityMetadata,
  { key, column: tenant }: TenantColumn,
  valueSet: ObjectLiteral,
): void {
  for (const column of metadata.columns)
    if (column.databaseName === tenant.databaseName) assertOwnTenant(metadata, key, column, valueSet);
}

function assertOwnTenant(metadata: EntityMetadata, key: string, column: ColumnMetadata, valueSet: ObjectLiteral): void {
  const given: unknown = column.getEntityValue(valueSet);
  if (given === undefined) return;
  if (typeof given === 'function') {
    throw new TenantScopeViolationError(`${metadata.name}.${column.propertyPath} is set by an SQL expression`);
  }
  const value = assignedColumnValue(column, valueSet, metadata);
  if (value === null && column.isNullable) {
    throw new TenantScopeViolationError(
      `${metadata.name}.${column.propertyPath} is null, which would make the row shared by all tenants. ` +
        `Leave it undefined, or write the row in tenancy.unscoped('why', fn)`,
    );
  }
  if (!isInForce(metadata, key, value)) throw namesAnother(metadata, column);
}

/**
 * Throws if a composite reference that includes the tenant column names another tenant. TypeORM reads a shared column
 * from one relation only, so the tenant of the other relations would be ignored silently.
 *
 * @param given a row as the caller gave it
 * @throws TenantScopeViolationError if a reference names another tenant
 */
export function assertOwnReferences(
  metadata: EntityMetadata,
  { key, column }: TenantColumn,
  given: ObjectLiteral,
): void {
  for (const relation of metadata.relations) {
    const shared = relation.joinColumns.find(({ databaseName }) => databaseName === column.databaseName);
    if (relation.isLazy || shared === undefined) continue;
    const named: unknown = shared.referencedColumn!.getEntityValue(relation.getEntityValue(given) as ObjectLiteral);
    if (named !== undefined && named !== null && !isInForce(metadata, key, named)) throw namesAnother(metadata, column);
  }
}

function isInForce(metadata: EntityMetadata, key: string, value: unknown): boolean {
  // Called for tenant-scoped entities only, so the access is a scope.
  const scope = resolveAccess(metadata) as ValidScope;
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
  return isPlain && String(value) === String(scope.values[key]);
}

function namesAnother({ name }: EntityMetadata, { propertyPath }: ColumnMetadata): TenantScopeViolationError {
  return new TenantScopeViolationError(
    `${name}.${propertyPath} is the key of another tenant than that of the current scope`,
  );
}

/**
 * Throws if an insert in an unscoped section does not set the row's tenant.
 *
 * @throws TenantScopeViolationError if a tenant column has no value; null is accepted if it makes the row shared
 */
export function assertTenantGiven(metadata: EntityMetadata, valueSet: ObjectLiteral, policies: PolicyRegistry): void {
  const shareable = shareableColumnsOf(metadata, policies);
  for (const { column } of policies.tenantColumns(metadata)) {
    const value: unknown = column.getEntityValue(valueSet);
    // In a table of tenants with a generated key, the row is a new tenant.
    if (column.isGenerated) continue;
    const mayBeNull = shareable.some((tenant) => tenant.column === column);
    if (value === undefined || (value === null && !mayBeNull)) {
      throw new TenantScopeViolationError(
        `an insert of ${metadata.name} in an unscoped section has no tenant: set ${column.propertyPath}` +
          (mayBeNull ? ', or null for a row shared by all tenants' : ''),
      );
    }
  }
  assertWholeTenant(metadata, valueSet, policies);
}

/**
 * Throws if a write in an unscoped section makes only some of the shareable tenant columns NULL, or sets only some of
 * them. No scope sees a row whose tenant columns are partly NULL.
 *
 * @throws TenantScopeViolationError if the tenant is incomplete
 */
export function assertWholeTenant(metadata: EntityMetadata, valueSet: ObjectLiteral, policies: PolicyRegistry): void {
  const columns = shareableColumnsOf(metadata, policies).map(({ column }) => column);
  const values = columns.map((column): unknown => column.getEntityValue(valueSet));
  const isWhole =
    values.every((value) => value === undefined) ||
    values.every((value) => value === null) ||
    values.every((value) => value !== undefined && value !== null);
  if (isWhole) return;
  const names = columns.map(({ propertyPath }) => propertyPath).join(', ');
  throw new TenantScopeViolationError(
    `a write of ${metadata.name} sets only some of its tenant columns. Set ${names} together: to values, or all to null for a row shared by all tenants`,
  );
}

function shareableColumnsOf(metadata: EntityMetadata, policies: PolicyRegistry): readonly TenantColumn[] {
  const policy = policies.of(metadata);
  return policy.kind === 'columns' ? policy.sharedIfNull : [];
}

/**
 * Throws if an insert in a scope sets an auto-increment key: a conflict would reveal that another tenant uses the
 * number. `save` also inserts with a key when the scope cannot see the row.
 *
 * @throws EntityNotFoundError if a key is given
 */
export function assertNoGeneratedKey(metadata: EntityMetadata, valueSet: ObjectLiteral): void {
  for (const column of metadata.primaryColumns) {
    if (!column.isGenerated || column.generationStrategy === 'uuid') continue;
    const value: unknown = column.getEntityValue(valueSet);
    if (value !== undefined && value !== null) {
      throw new EntityNotFoundError(metadata.target, { [column.propertyPath]: value as number });
    }
  }
}

/**
 * Throws if a row that is scoped through its parent is written without one: it would belong to no tenant.
 *
 * @param isWritten whether the statement writes a column; without a value that column becomes NULL
 * @throws TenantScopeViolationError if the parent's key is missing or null
 */
export function assertParentGiven(
  metadata: EntityMetadata,
  valueSet: ObjectLiteral,
  policies: PolicyRegistry,
  isWritten: (column: ColumnMetadata) => boolean,
): void {
  const policy = policies.of(metadata);
  if (!isScoped(policy) || policy.kind !== 'parents') return;
  for (const { own } of policy.parents.flatMap(({ columns }) => columns)) {
    const value: unknown = own.getEntityValue(valueSet);
    if (value === null || (isWritten(own) && value === undefined)) {
      throw new TenantScopeViolationError(
        `${metadata.name} gets its tenant from its parent, and ${own.propertyPath} is not set`,
      );
    }
  }
}

/**
 * Throws if a changed key would change rows that the scope may not see, by ON UPDATE. In an unscoped section all rows
 * are visible.
 *
 * @throws StatementRefusedError if the scope may not see some of these rows
 */
export function assertOwnCascades(
  metadata: EntityMetadata,
  written: Iterable<ColumnMetadata>,
  policies: PolicyRegistry,
): void {
  const changed = new Set([...written].map(({ databaseName }) => databaseName));
  const cascade = policies.cascades.ofUpdate(metadata, changed);
  if (cascade === undefined) return;
  throw new StatementRefusedError(
    `a new key for rows of ${metadata.name} would change rows of ${cascade.entity.name} outside the scope, through ${cascade.by}`,
    "Run it in tenancy.unscoped('why', fn), or give that foreign key onUpdate: 'RESTRICT'.",
  );
}
