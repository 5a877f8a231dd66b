import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { scopedDecorator } from '../../tenancy/metadata/declaration-lines.js';
import type { EntityTenancy, ScopedOptions } from '../../tenancy/metadata/entity-tenancy.registry.js';
import { tenancyOfEntity } from '../policy/policy-compiler.js';
import { foreignKeysOf, isOnlyOwner } from '../writes/foreign-keys.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { ownerColumns } from '../policy/tenant-policy.js';
import type { ScopedPolicy } from '../policy/tenant-policy.js';
import { tenantKeysOf } from '../policy/tenant-keys.js';
import { holdsSharedOnly } from '../policy/unique-keys.js';

/** Columns of which no two rows can have the same values. */
interface UniqueKey {
  readonly columns: readonly ColumnMetadata[];
  /** The condition of a partial index. */
  readonly where?: string;
}

/**
 * Finds unique keys by which a tenant could find out what another tenant has taken.
 *
 * A key keeps tenants apart if each scope key of the entity is told by a tenant column in it, or by a foreign key in it: only a scope that
 * sees the referenced row can write it, and NULL conflicts with nothing.
 *
 * @returns problems in words, each with lines that cure it
 */
export function checkUniqueKeys(metadata: EntityMetadata, policies: PolicyRegistry): string[] {
  const { options } = tenancyOfEntity(metadata) as Extract<EntityTenancy, { kind: 'scoped' }>;
  const acknowledged = options.globallyUnique ?? {};
  return uniqueKeysOf(metadata, policies)
    .filter((key) => !keepsTenantsApart(key, metadata, policies))
    .filter(({ columns }) => !Object.hasOwn(acknowledged, nameOf(columns)))
    .map(
      (key) =>
        `${metadata.name} has a unique key (${nameOf(key.columns)}) that leaves the tenant column out: one tenant could find out what another one has taken. ` +
        `${cureOf(key, metadata, policies)}, or acknowledge it: ${acknowledgement(key, options)}.`,
    );
}

function uniqueKeysOf(metadata: EntityMetadata, policies: PolicyRegistry): readonly UniqueKey[] {
  const places = metadata.relations.filter((relation) => relation.isOneToOneOwner && isPrimaryKey(relation));
  return [
    ...metadata.uniques,
    ...metadata.indices.filter((index) => index.isUnique && !holdsSharedOnly(index, policies.of(metadata))),
    // TypeORM makes no unique key for these: the primary key is one.
    ...places.map(({ joinColumns }) => ({ columns: joinColumns })),
  ];
}

function isPrimaryKey({ entityMetadata, joinColumns }: RelationMetadata): boolean {
  return hasAll(joinColumns, entityMetadata.primaryColumns);
}

function keepsTenantsApart({ columns }: UniqueKey, metadata: EntityMetadata, policies: PolicyRegistry): boolean {
  const policy = policies.of(metadata);
  const own = policy.kind === 'columns' ? policy.columns.filter(({ column }) => hasAll(columns, [column])) : [];
  // Rows of several tenants may refer to one shared row: a place at it that is taken tells of another tenant.
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

/** Relations that share a column have a ColumnMetadata each for it. */
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

/** The whole decorator: a second one would replace what the first says. */
function acknowledgement({ columns }: UniqueKey, { globallyUnique, ...options }: ScopedOptions): string {
  return scopedDecorator({ ...options, globallyUnique: { ...globallyUnique, [nameOf(columns)]: 'why' } });
}

function nameOf(columns: readonly ColumnMetadata[]): string {
  return columns.map(({ propertyPath }) => propertyPath).join(',');
}
