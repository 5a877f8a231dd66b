import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata, RelationMetadata } from '../../common/peer-internals.js';
import { scopedDecorator } from '../../tenancy/metadata/declaration-lines.js';
import type { EntityTenancy, ScopedOptions } from '../../tenancy/metadata/entity-tenancy.registry.js';
import { tenancyOfEntity } from '../policy/policy-compiler.js';
import { foreignKeysOf, isOnlyOwner } from '../writes/foreign-keys.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { ownerColumns } from '../policy/tenant-policy.js';
import type { ScopedPolicy } from '../policy/tenant-policy.js';
import { tenantKeysOf } from '../policy/tenant-keys.js';
import { holdsSharedOnly } from '../policy/unique-keys.js';

/** Columns of a unique key or index. */
interface UniqueKey {
  readonly columns: readonly ColumnMetadata[];
  /** Condition of a partial index. */
  readonly where?: string;
}

/**
 * Finds unique keys by which a tenant could find out which values another tenant uses.
 *
 * A key keeps tenants apart if a tenant column or a foreign key in it determines each scope key of the entity. Only a
 * scope that sees the referenced row can write such a foreign key, and NULL conflicts with no value.
 *
 * @returns problems in words, each with lines that fix it
 */
export function checkUniqueKeys(metadata: EntityMetadata, policies: PolicyRegistry): string[] {
  const { options } = tenancyOfEntity(metadata) as Extract<EntityTenancy, { kind: 'scoped' }>;
  const acknowledged = options.globallyUnique ?? {};
  return uniqueKeysOf(metadata, policies)
    .filter((key) => !keepsTenantsApart(key, metadata, policies))
    .filter(({ columns }) => !Object.hasOwn(acknowledged, nameOf(columns)))
    .map(
      (key) =>
        `${metadata.name} has a unique key (${nameOf(key.columns)}) without the tenant column: a conflict would tell a tenant which values other tenants have. ` +
        `${cureOf(key, metadata, policies)}, or acknowledge it: ${acknowledgement(key, options)}.`,
    );
}

function uniqueKeysOf(metadata: EntityMetadata, policies: PolicyRegistry): readonly UniqueKey[] {
  const places = metadata.relations.filter((relation) => relation.isOneToOneOwner && isPrimaryKey(relation));
  return [
    ...metadata.uniques,
    ...metadata.indices.filter((index) => index.isUnique && !holdsSharedOnly(index, policies.of(metadata))),
    // TypeORM creates no unique key for these relations, because the primary key is one.
    ...places.map(({ joinColumns }) => ({ columns: joinColumns })),
  ];
}

function isPrimaryKey({ entityMetadata, joinColumns }: RelationMetadata): boolean {
  return hasAll(joinColumns, entityMetadata.primaryColumns);
}

function keepsTenantsApart({ columns }: UniqueKey, metadata: EntityMetadata, policies: PolicyRegistry): boolean {
  const policy = policies.of(metadata);
  const own = policy.kind === 'columns' ? policy.columns.filter(({ column }) => hasAll(columns, [column])) : [];
  // Rows of several tenants may reference one shared row. A conflict on such a reference would reveal a row of another
  // tenant.
  const telling = foreignKeysOf(metadata, policies).filter(
    (key) => !policies.mayBeShared(key.target) || isOnlyOwner(key, policy),
  );
  const references = telling.filter((key) =>
    hasAll(
      columns,
      key.columns.map((pair) => pair.own),
    ),
  );
  const lookup = policies.of.bind(policies);
  const told = new Set([
    ...own.map(({ key }) => key),
    ...references.flatMap(({ target }) => [...tenantKeysOf(target, lookup)!]),
  ]);
  return [...tenantKeysOf(metadata, lookup)!].every((key) => told.has(key));
}

/** Compared by database name, because relations that share a column have one ColumnMetadata each for it. */
function hasAll(columns: readonly ColumnMetadata[], wanted: readonly ColumnMetadata[]): boolean {
  return wanted.every(({ databaseName }) => columns.some((column) => column.databaseName === databaseName));
}

function cureOf(key: UniqueKey, metadata: EntityMetadata, policies: PolicyRegistry): string {
  const missing = ownerColumns(policies.of(metadata) as ScopedPolicy).filter(
    (column) => !hasAll(key.columns, [column]),
  );
  const names = [...missing, ...key.columns].map(({ propertyPath }) => `'${propertyPath}'`).join(', ');
  const line = key.where === undefined ? `@Unique([${names}])` : `@Index([${names}], { unique: true, where: … })`;
  const relation = metadata.relations.find(
    ({ isOneToOneOwner, joinColumns }) =>
      isOneToOneOwner && joinColumns.length === key.columns.length && hasAll(key.columns, joinColumns),
  );
  if (relation === undefined) return `Make it ${line}`;
  const { propertyPath, inverseEntityMetadata, inverseRelation } = relation;
  const inverse = inverseRelation && `, ${inverseEntityMetadata.name}.${inverseRelation.propertyPath} a @OneToMany()`;
  const primary = isPrimaryKey(relation) ? ', give the entity a primary key of its own' : '';
  return `Make ${metadata.name}.${propertyPath} a @ManyToOne(() => ${inverseEntityMetadata.name})${inverse ?? ''}${primary}, and add ${line}`;
}

/** Returns the whole decorator, because a second one would replace the first. */
function acknowledgement({ columns }: UniqueKey, { globallyUnique, ...options }: ScopedOptions): string {
  return scopedDecorator({ ...options, globallyUnique: { ...globallyUnique, [nameOf(columns)]: 'why' } });
}

function nameOf(columns: readonly ColumnMetadata[]): string {
  return columns.map(({ propertyPath }) => propertyPath).join(',');
}
