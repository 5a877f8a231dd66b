import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { Random } from '../../support/random.js';

/** The tenants of the application. */
export const TENANTS = ['7b1f0a52-0000-4000-8000-00000000000a', '7b1f0a52-0000-4000-8000-00000000000b'] as const;
export const [ACME, GLOBEX] = TENANTS;

/** How many rows each tenant has of an entity, and how many there are of a shared one. */
const ROWS = 4;
/** When every sown row was made. */
const SOWN_AT = new Date('2026-01-05T08:00:00.000Z');

/** What has been sown: the keys of rows by entity and tenant. */
export class Sown {
  private readonly rows = new Map<string, ObjectLiteral[]>();

  /** The rows of an entity that a tenant sees, its own and shared ones. */
  of(metadata: EntityMetadata, tenant: string): readonly ObjectLiteral[] {
    return [...this.get(metadata.name, tenant), ...this.get(metadata.name, undefined)];
  }

  /** The key of one of these rows, as TypeORM takes it. */
  key(metadata: EntityMetadata, tenant: string, n = 0): unknown {
    const row = this.of(metadata, tenant)[n];
    return metadata.primaryColumns[0].getEntityValue(row);
  }

  add(metadata: EntityMetadata, tenant: string | undefined, rows: readonly ObjectLiteral[]): void {
    const key = `${metadata.name} ${tenant}`;
    this.rows.set(key, [...(this.rows.get(key) ?? []), ...rows]);
    // A row of a child is one of its parent too.
    if (metadata.tableType === 'entity-child') this.add(metadata.parentEntityMetadata, tenant, rows);
  }

  private get(name: string, tenant: string | undefined): readonly ObjectLiteral[] {
    return this.rows.get(`${name} ${tenant}`) ?? [];
  }
}

/** Fills an empty database, of a DataSource without enforcement, with rows of two tenants. The same seed makes the same rows. */
export async function sow(dataSource: DataSource, random: Random): Promise<Sown> {
  const sown = new Sown();
  await dataSource.transaction(async (manager) => {
    for (const metadata of inOrder(dataSource)) {
      for (const tenant of isShared(metadata) ? [undefined] : TENANTS) {
        const count = metadata.name === 'Tenant' ? 1 : ROWS;
        const rows: ObjectLiteral[] = [];
        for (let n = 0; n < count; n += 1) {
          const row = sownRow(metadata, { sown, random, tenant, n, earlier: rows });
          rows.push(row);
          // Trees keep more than the row, and only `save` writes it.
          if (metadata.treeType !== undefined) await manager.getRepository(metadata.target).save(row);
          else Object.assign(row, (await manager.insert(metadata.target, row)).identifiers[0]);
        }
        sown.add(metadata, tenant, rows);
      }
    }
    const linked = new Set<EntityMetadata>();
    for (const metadata of dataSource.entityMetadatas.filter(({ tableType }) => tableType !== 'view')) {
      for (const relation of metadata.ownRelations.filter(({ isManyToManyOwner }) => isManyToManyOwner)) {
        const junction = relation.junctionEntityMetadata!;
        // With @JoinTable() on both sides TypeORM reads and writes the table of one side.
        if (linked.has(junction)) continue;
        linked.add(junction);
        const links = new Map<string, ObjectLiteral>();
        for (const tenant of TENANTS) {
          sown.of(metadata, tenant).forEach((row, i) => {
            const far = sown.of(relation.inverseEntityMetadata, tenant);
            for (const other of [far[i % far.length], far[(i + 1) % far.length]]) {
              const link: ObjectLiteral = {};
              for (const column of junction.columns) {
                const end = column.referencedColumn!;
                // Where both ends are one class, the first column is the owner's.
                const isOwn = end.entityMetadata === metadata && column === junction.ownerColumns[0];
                link[column.propertyName] = end.getEntityValue(
                  isOwn || end.entityMetadata !== relation.inverseEntityMetadata ? row : other,
                );
              }
              links.set(JSON.stringify(link), link);
            }
          });
        }
        const table = junction.tableName as unknown as EntityTarget<ObjectLiteral>;
        await manager
          .createQueryBuilder()
          .insert()
          .into(table)
          .values([...links.values()])
          .execute();
      }
    }
  });
  return sown;
}

/** What a row is made from. */
export interface RowSource {
  readonly sown: Sown;
  readonly random: Random;
  /** Undefined for a shared row. */
  readonly tenant: string | undefined;
  /** Makes texts differ that must be unique. */
  readonly n: number;
  /** Rows of the same entity and tenant that are there already, for references of rows to each other. */
  readonly earlier?: readonly ObjectLiteral[];
  /** A row that no other row refers to yet, for one-to-one relations. */
  readonly fresh?: (target: EntityMetadata) => ObjectLiteral | undefined;
}

/** A whole row, as it is sown. */
function sownRow(metadata: EntityMetadata, source: RowSource): ObjectLiteral {
  const row = clientRow(metadata, source);
  for (const column of metadata.columns) {
    if (column.isCreateDate || column.isUpdateDate) column.setEntityValue(row, SOWN_AT);
    if (column.generationStrategy === 'uuid') column.setEntityValue(row, uuid(source.random));
    if (column.propertyPath === 'tenantId') column.setEntityValue(row, source.tenant);
  }
  if (metadata.name === 'Tenant') row['id'] = source.tenant;
  // A tree wants the row above it itself.
  if (metadata.treeType !== undefined) row['parent'] = source.earlier?.at(source.n % 2 === 0 ? -1 : 0) ?? null;
  return row;
}

/** The values of a row that a client gives, by the entity's properties. */
export function clientRow(metadata: EntityMetadata, source: RowSource): ObjectLiteral {
  const row: ObjectLiteral = {};
  for (const column of metadata.columns) {
    if (!isClients(column)) continue;
    const relation = column.relationMetadata;
    const value = relation === undefined ? valueFor(column, source) : referenceFor(column, source);
    if (value === undefined) continue;
    // A column that has no property of its own is written by its relation.
    if (column.isVirtual) row[relation!.propertyName] = value;
    else column.setEntityValue(row, value);
  }
  return row;
}

/** Whether a client says what a column holds. */
export function isClients(column: ColumnMetadata): boolean {
  return !(
    column.isGenerated ||
    column.isCreateDate ||
    column.isUpdateDate ||
    column.isDeleteDate ||
    column.isVersion ||
    column.isDiscriminator ||
    column.isVirtualProperty ||
    (column.isVirtual && column.relationMetadata === undefined) ||
    // TypeORM gives a child of a table the key columns of its siblings.
    (column.isVirtual && !column.entityMetadata.relations.includes(column.relationMetadata!)) ||
    column.propertyPath === 'tenantId'
  );
}

function referenceFor(column: ColumnMetadata, { sown, random, tenant, earlier, fresh }: RowSource): unknown {
  const target = column.referencedColumn!.entityMetadata;
  const isToItself = target === column.entityMetadata || target === column.entityMetadata.parentEntityMetadata;
  const own = tenant === undefined ? [] : sown.of(target, tenant);
  const rows = isToItself && earlier !== undefined ? earlier : own;
  const relation = column.relationMetadata!;
  // One-to-one relations take each row once, in order.
  if (relation.isOneToOneOwner) {
    const row = earlier === undefined ? fresh?.(target) : rows[earlier.length];
    return row?.[column.referencedColumn!.propertyName] ?? null;
  }
  if (rows.length === 0 || (column.isNullable && random.chance(0.3))) return column.isNullable ? null : undefined;
  return column.referencedColumn!.getEntityValue(random.pick(rows));
}

function valueFor(column: ColumnMetadata, { random, n }: RowSource): unknown {
  if (column.isNullable && random.chance(0.25)) return null;
  const type = typeof column.type === 'function' ? column.type.name : column.type;
  const isNumber = column.transformer !== undefined;
  switch (type) {
    case 'int':
    case 'smallint':
    case 'Number':
      return random.between(0, 5);
    case 'bigint': {
      const value = random.between(1, 1_000_000);
      return isNumber ? value : String(value);
    }
    case 'decimal': {
      const value = random.between(0, 999) / 10;
      return isNumber ? value : value.toFixed(column.scale);
    }
    case 'double precision':
      return random.between(0, 1000) / 8;
    case 'Boolean':
      return random.chance(0.7);
    case 'Date':
      return new Date(Date.UTC(2026, random.below(12), 1 + random.below(28), random.below(24)));
    case 'date':
      return `2026-${String(1 + random.below(12)).padStart(2, '0')}-${String(1 + random.below(28)).padStart(2, '0')}`;
    case 'simple-enum':
      return random.pick(column.enum!);
    case 'simple-array':
      return ['first', 'second', 'third'].slice(random.below(3));
    case 'json':
    case 'simple-json':
      return { level: random.below(9), tags: ['a', 'b'], nested: { on: random.chance(0.5) } };
    default:
      return text(column, random, n);
  }
}

function text(column: ColumnMetadata, random: Random, n: number): string {
  const { name } = column.entityMetadata;
  if (column.propertyName === 'isoCode') return ['de', 'fr', 'us', 'in', 'jp', 'br', 'za', 'no'][n % 8];
  if (column.propertyName === 'code') return `c${n}-${random.below(1000)}`;
  const words = ['alpha', 'beta', 'gamma', 'delta', 'omega'];
  const unique = `${random.pick(words)} ${name.slice(-9)} ${n}`.toLowerCase();
  const length = Number(column.length) || 100;
  return unique.slice(-length);
}

/** A version 4 UUID from a seeded generator. */
export function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.below(16).toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Whether all tenants read an entity's rows. */
export function isShared(metadata: EntityMetadata): boolean {
  return (
    metadata.name !== 'Tenant' &&
    metadata.findColumnWithPropertyPath('tenantId') === undefined &&
    metadata.findRelationWithPropertyPath('request') === undefined
  );
}

/** The entities that have a table, those that others need first. */
export function inOrder(dataSource: DataSource): EntityMetadata[] {
  const entities = dataSource.entityMetadatas.filter(
    ({ tableType, isJunction, isClosureJunction }) => tableType !== 'view' && !isJunction && !isClosureJunction,
  );
  const ordered = new Set<EntityMetadata>();
  const place = (metadata: EntityMetadata, above: readonly EntityMetadata[]): void => {
    if (ordered.has(metadata) || above.includes(metadata)) return;
    const needed = metadata.relations.filter(
      ({ isManyToOne, isOneToOneOwner, joinColumns }) => (isManyToOne || isOneToOneOwner) && joinColumns.length > 0,
    );
    for (const { inverseEntityMetadata } of needed) place(inverseEntityMetadata, [...above, metadata]);
    ordered.add(metadata);
  };
  const shared = entities.filter(isShared);
  for (const metadata of [...shared, ...entities]) place(metadata, []);
  return [...ordered];
}
