import { EntityNotFoundError } from 'typeorm';
import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import type { ValidScope } from '../../tenancy/context/tenant-scope.js';
import { resolveAccess } from '../policy/access.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isScoped } from '../policy/tenant-policy.js';
import type { TenantColumn } from '../policy/tenant-policy.js';
import { assignedColumnValue } from './resolved-key-values.js';

/** The entity that a builder writes; undefined for a table that no entity stands for. */
export function targetMetadata({ mainAlias }: QueryExpressionMap): EntityMetadata | undefined {
  return mainAlias?.hasMetadata ? mainAlias.metadata : undefined;
}

/**
 * A write may name the tenant that it is made for, and no other.
 *
 * @throws TenantScopeViolationError when it names another one, or gives an SQL expression
 */
export function assertScopeTenant(
  metadata: EntityMetadata,
  { key, column }: TenantColumn,
  valueSet: ObjectLiteral,
): void {
  const given: unknown = column.getEntityValue(valueSet);
  if (given === undefined) return;
  if (typeof given === 'function') {
    throw new TenantScopeViolationError(`${metadata.name}.${column.propertyPath} is given as an SQL expression`);
  }
  const value = assignedColumnValue(column, valueSet, metadata);
  if (value === null && column.isNullable) {
    throw new TenantScopeViolationError(
      `${metadata.name}.${column.propertyPath} is null, which would share the row with all tenants. ` +
        `Leave it undefined, or write the row in tenancy.unscoped('why', fn)`,
    );
  }
  if (!isInForce(metadata, key, value)) throw namesAnother(metadata, column);
}

/**
 * References may share the tenant column, and TypeORM reads it by one of their relations only: of the others the tenant that they name would
 * be left out silently.
 *
 * @param given a row as the caller gave it
 * @throws TenantScopeViolationError when it refers to a row by another tenant
 */
export function requireOwnReferences(
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
  // Only rows that are limited have a tenant of their own.
  const scope = resolveAccess(metadata) as ValidScope;
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
  return isPlain && String(value) === String(scope.values[key]);
}

function namesAnother({ name }: EntityMetadata, { propertyPath }: ColumnMetadata): TenantScopeViolationError {
  return new TenantScopeViolationError(`${name}.${propertyPath} names another tenant than the one in force`);
}

/**
 * In an unscoped section an insert says whose the row is, or that it is shared.
 *
 * @throws TenantScopeViolationError when it does not
 */
export function assertTenantGiven(metadata: EntityMetadata, valueSet: ObjectLiteral, policies: PolicyRegistry): void {
  const shareable = shareableColumnsOf(metadata, policies);
  for (const { column } of policies.tenantColumns(metadata)) {
    const value: unknown = column.getEntityValue(valueSet);
    // A table of tenants whose key the database makes: the row is a new tenant.
    if (column.isGenerated) continue;
    const mayBeNull = shareable.some((tenant) => tenant.column === column);
    if (value === undefined || (value === null && !mayBeNull)) {
      throw new TenantScopeViolationError(
        `an insert of ${metadata.name} in an unscoped section does not say whose the row is: give ${column.propertyPath}` +
          (mayBeNull ? ', or null for a row that all tenants share' : ''),
      );
    }
  }
  requireWholeTenant(metadata, valueSet, policies);
}

/**
 * A row is shared or has a tenant: columns that are NULL in part would hide it from everybody.
 *
 * @throws TenantScopeViolationError when a write in an unscoped section makes some of them NULL, or leaves some of them alone
 */
export function requireWholeTenant(metadata: EntityMetadata, valueSet: ObjectLiteral, policies: PolicyRegistry): void {
  const columns = shareableColumnsOf(metadata, policies).map(({ column }) => column);
  // Left alone, NULL or a value.
  const kinds = new Set(columns.map((column) => [undefined, null].indexOf(column.getEntityValue(valueSet) as null)));
  if (kinds.size < 2) return;
  const names = columns.map(({ propertyPath }) => propertyPath).join(', ');
  throw new TenantScopeViolationError(
    `a write of ${metadata.name} gives a part of its tenant. Give ${names} together: values, or null in all of them for a row that all tenants share`,
  );
}

function shareableColumnsOf(metadata: EntityMetadata, policies: PolicyRegistry): readonly TenantColumn[] {
  const policy = policies.of(metadata);
  return policy.kind === 'columns' ? policy.sharedIfNull : [];
}

/**
 * A key that the database counts up is not given by hand in a scope: whether the number is taken by another tenant must not show. It is
 * also what saving a row looks like that the scope cannot see.
 *
 * @throws EntityNotFoundError when one is given
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
 * A row that is scoped through its parent needs one: without, it would belong to nobody.
 *
 * @param isWritten whether the statement writes a column: without a value that is NULL
 * @throws TenantScopeViolationError when the write leaves it out, or takes it away
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
        `${metadata.name} belongs to a tenant through its parent, and ${own.propertyPath} is not given`,
      );
    }
  }
}

/**
 * Another key for a referenced row changes the rows that refer to it, by ON UPDATE. An unscoped section sees them all.
 *
 * @throws StatementRefusedError if the scope may not see some of these rows
 */
export function requireOwnCascades(
  metadata: EntityMetadata,
  written: Iterable<ColumnMetadata>,
  policies: PolicyRegistry,
): void {
  const changed = new Set([...written].map(({ databaseName }) => databaseName));
  const cascade = policies.cascades.ofUpdate(metadata, changed);
  if (cascade === undefined) return;
  throw new StatementRefusedError(
    `another key for rows of ${metadata.name} would change rows of ${cascade.entity.name} that the scope may not see, by ${cascade.by}`,
    "Do it in tenancy.unscoped('why', fn), or give that foreign key onUpdate: 'RESTRICT'.",
  );
}
