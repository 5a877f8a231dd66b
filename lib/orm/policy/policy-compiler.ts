import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { tenancyOf } from '../../tenancy/metadata/entity-tenancy.registry.js';
import type {
  ContradictoryDeclaration,
  EntityTenancy,
  ScopedOptions,
} from '../../tenancy/metadata/entity-tenancy.registry.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import { isScoped } from './tenant-policy.js';
import type { ParentJoin, TenantColumn, TenantPolicy } from './tenant-policy.js';
import { readTenantFromRow } from './tenant-column-hydration.js';
import { isCaseInsensitive } from './collation.js';
import { limitOf } from './tenant-column-types.js';
import { isUnique } from './unique-keys.js';

/** Returns the policy of another entity that the compiled one depends on. */
export type PolicyLookup = (metadata: EntityMetadata) => TenantPolicy;

/**
 * Compiles an entity's policy from its declaration.
 *
 * @throws MuckConfigurationError if the declaration does not fit the entity
 */
export function compilePolicy(metadata: EntityMetadata, lookup: PolicyLookup): TenantPolicy {
  if (junctionSides(metadata).length > 0) return junctionPolicy(metadata, lookup);
  const declaration = tenancyOfEntity(metadata);
  if (declaration === undefined) return { kind: 'undeclared' };
  if (declaration.kind === 'contradictory') throw problem(metadata, declaration.problem);
  if (declaration.kind === 'shared') return { kind: 'shared' };
  if (metadata.treeType === 'nested-set') {
    throw problem(
      metadata,
      'is a nested set, whose left and right numbers span all tenants. Use @Tree("closure-table") or @Tree("materialized-path")',
    );
  }
  const { options } = declaration;
  assertNullMeaning(metadata, options);
  return options.via === undefined ? columnsPolicy(metadata, options) : viaPolicy(metadata, options.via, lookup);
}

/** Returns the declaration of an entity, given for its class, its name, or a class that it extends. */
export function tenancyOfEntity({
  target,
  name,
  dataSource,
}: EntityMetadata): EntityTenancy | ContradictoryDeclaration | undefined {
  return tenancyOf(target, name, (type) => dataSource.entityMetadatasMap.get(type)?.name);
}

function columnsPolicy(metadata: EntityMetadata, options: ScopedOptions): TenantPolicy {
  const keys = Object.keys(getScopeDeclaration());
  const omitted = options.omit ?? [];
  for (const key of [...Object.keys(options.columns ?? {}), ...omitted]) {
    if (!keys.includes(key))
      throw problem(metadata, `names the scope key '${key}', which is not declared (declared: ${keys.join(', ')})`);
  }
  const columns = keys
    .filter((key) => !omitted.includes(key))
    .map((key) => tenantColumn(metadata, key, options.columns?.[key] ?? key, options.nullMeans !== undefined));
  if (columns.length === 0)
    throw problem(metadata, "omits every scope key. Use @TenantShared('why') if its rows belong to no tenant");
  if (options.nullMeans === undefined) return { kind: 'columns', columns, sharedIfNull: [] };
  // A view does not declare which of its columns are nullable.
  const sharedIfNull = columns.filter(({ column }) => column.isNullable || metadata.tableType === 'view');
  if (sharedIfNull.length === 0) {
    const [{ column }] = columns;
    throw problem(
      metadata,
      `has nullMeans: 'shared', but none of its tenant columns is nullable. Make it @Column({ nullable: true }) ${column.propertyPath}, or leave nullMeans out`,
    );
  }
  assertKeptTenant(metadata, sharedIfNull);
  return { kind: 'columns', columns, sharedIfNull };
}

/** Checks `nullMeans`: it applies to the entity's own tenant columns only, and its only value is `'shared'`. */
function assertNullMeaning(metadata: EntityMetadata, { nullMeans, via }: ScopedOptions): void {
  if (nullMeans === undefined) return;
  if ((nullMeans as unknown) !== 'shared')
    throw problem(metadata, `has an unknown value for nullMeans. Set nullMeans: 'shared', or leave it out`);
  if (via === undefined) return;
  throw problem(
    metadata,
    `has both nullMeans and via: '${via}'. Set nullMeans on the entity that has the tenant column`,
  );
}

/**
 * Rejects SET NULL and SET DEFAULT on a nullable tenant column: the database would turn a tenant's rows into rows that
 * every tenant reads.
 */
function assertKeptTenant(metadata: EntityMetadata, sharedIfNull: readonly TenantColumn[]): void {
  for (const { columns, referencedEntityMetadata, onDelete, onUpdate } of metadata.foreignKeys) {
    const tenant = sharedIfNull.find(({ column }) => columns.some((own) => own.databaseName === column.databaseName));
    if (tenant === undefined || ![onDelete, onUpdate].some((rule) => /SET|DEFAULT/i.test(String(rule)))) continue;
    throw problem(
      metadata,
      `clears the tenant column '${tenant.column.propertyPath}' when a row of ${referencedEntityMetadata.name} is deleted or gets another key, ` +
        `and a row without a tenant is visible to all. Give the foreign key onDelete: 'CASCADE' or 'RESTRICT', and no onUpdate that sets NULL`,
    );
  }
}

function tenantColumn(metadata: EntityMetadata, key: string, property: string, nullIsShared: boolean): TenantColumn {
  const column = metadata.findColumnWithPropertyPath(property);
  if (column === undefined) {
    throw problem(
      metadata,
      `has no column '${property}' for the scope key '${key}'. Add it: @Column() ${property}: …; ` +
        `or set another one: @TenantScoped({ columns: { ${key}: '…' } }); or scope it through a parent: @TenantScoped({ via: '…' })`,
    );
  }
  if (column.isNullable && !nullIsShared) {
    throw problem(
      metadata,
      `has a nullable tenant column '${property}': a row without a tenant would belong to no tenant. Make it not null, ` +
        `or set @TenantScoped({ nullMeans: 'shared' }) if such rows are defaults that every tenant reads`,
    );
  }
  if (column.transformer !== undefined) {
    throw problem(
      metadata,
      `has a transformer on the tenant column '${property}', which could store one tenant's key in two forms. Remove it`,
    );
  }
  if (isCaseInsensitive(column)) {
    throw problem(
      metadata,
      `has the case-insensitive tenant column '${property}': two tenants could become one. Use a case-sensitive collation`,
    );
  }
  if (column.isVirtualProperty || column.asExpression !== undefined) {
    throw problem(metadata, `has the generated tenant column '${property}'. It must be an ordinary column`);
  }
  const other = metadata.columns.find(
    (one) => one !== column && one.databaseName === column.databaseName && (one.isInsert || one.isUpdate),
  );
  if (other !== undefined) {
    throw problem(
      metadata,
      `has a second property '${other.propertyPath}' of the tenant column '${property}': a write could set it to another tenant. ` +
        `Remove it, or make it read-only: @Column({ name: '${column.databaseName}', insert: false, update: false })`,
    );
  }
  const limit = limitOf(column, getScopeDeclaration()[key]);
  if ('why' in limit) {
    const sqlType = column.entityMetadata.dataSource.driver.normalizeType(column);
    throw problem(
      metadata,
      `has the ${sqlType} column '${property}' as a tenant column, which ${limit.why}: two tenants could become one. Use ${limit.instead}`,
    );
  }
  readTenantFromRow(column);
  return { key, column };
}

function viaPolicy(metadata: EntityMetadata, via: string, lookup: PolicyLookup): TenantPolicy {
  const relation = metadata.findRelationWithPropertyPath(via);
  if (relation === undefined || !(relation.isManyToOne || relation.isOneToOneOwner)) {
    throw problem(
      metadata,
      `is scoped via '${via}', which is not a to-one relation with its foreign key in this entity`,
    );
  }
  if (relation.joinColumns.some((column) => column.isNullable)) {
    throw problem(
      metadata,
      `is scoped via '${via}', which is nullable: a row without a parent would belong to no tenant. Set nullable: false`,
    );
  }
  const parent = relation.inverseEntityMetadata;
  const policy = lookup(parent);
  if (policy.kind === 'undeclared') return { kind: 'undeclared' };
  if (tenancyOfEntity(parent) === undefined)
    throw problem(metadata, `is scoped via '${via}', but ${parent.name} is undeclared. Declare ${parent.name}`);
  if (!isScoped(policy))
    throw problem(metadata, `is scoped via '${via}', but ${parent.name} is shared. Use @TenantShared('why') here too`);
  assertUniqueParentKey(metadata, parent, relation.joinColumns);
  const parents = [link(parent, relation.joinColumns)];
  return { kind: 'parents', parents, owners: parents };
}

/** Compiles the policy of a junction or closure table: a row is visible if the rows that it connects are. */
function junctionPolicy(metadata: EntityMetadata, lookup: PolicyLookup): TenantPolicy {
  const sides = junctionSides(metadata).map((columns) => link(columns[0].referencedColumn!.entityMetadata, columns));
  const policies = sides.map((side) => lookup(side.parent));
  if (policies.some((policy) => policy.kind === 'undeclared')) return { kind: 'undeclared' };
  const parents = sides.filter((_, index) => isScoped(policies[index]));
  for (const { parent, columns } of parents)
    assertUniqueParentKey(
      metadata,
      parent,
      columns.map(({ own }) => own),
    );
  if (parents.length === 0) return { kind: 'shared' };
  // A tenant's node may have a shared ancestor, but a shared node has no ancestor of a tenant.
  return { kind: 'parents', parents, owners: metadata.isClosureJunction ? [parents[1]] : parents };
}

/** Returns the foreign key columns of either side of a junction or closure table; empty for any other table. */
export function junctionSides(metadata: EntityMetadata): readonly (readonly ColumnMetadata[])[] {
  if (metadata.isClosureJunction) return [metadata.ancestorColumns, metadata.descendantColumns];
  return metadata.isJunction ? [metadata.ownerColumns, metadata.inverseColumns] : [];
}

/**
 * Rejects a parent key that is unique per tenant only, e.g. a code: rows would belong to every tenant that has the same
 * code.
 */
function assertUniqueParentKey(
  metadata: EntityMetadata,
  parent: EntityMetadata,
  columns: readonly ColumnMetadata[],
): void {
  const referenced = columns.map((column) => column.referencedColumn!);
  if (isUnique(parent, referenced)) return;
  const names = referenced.map(({ propertyPath }) => propertyPath).join(', ');
  throw problem(
    metadata,
    `references ${parent.name} by ${names}, which is not unique: rows of several tenants may have the same value. Reference its primary key, or all columns of a unique key`,
  );
}

function link(parent: EntityMetadata, columns: readonly ColumnMetadata[]): ParentJoin {
  return { parent, columns: columns.map((own) => ({ own, referenced: own.referencedColumn! })) };
}

function problem(metadata: EntityMetadata, text: string): MuckConfigurationError {
  return new MuckConfigurationError([`${metadata.name} ${text}.`]);
}
