import type { EntityManager, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { badRequest } from '../errors/invalid-request.exception.js';
import { columnPath, toCondition, applyConditions, applyAnyOf } from '../model/column-conditions.js';
import { bodyError } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';
import { linkedKeyText, plainKey } from '../links/link-field.js';
import type { LinkedKey, LinkField, LinkInput } from '../links/link-field.js';

/** A row on the far side, with what the junction table keeps of it. */
interface LinkedRow {
  readonly key: LinkedKey;
  readonly row: ObjectLiteral;
}

/** Links of one relation that come and go. */
interface LinkChange {
  readonly field: LinkField;
  readonly wanted: readonly LinkedKey[];
  readonly added: readonly LinkedRow[];
  readonly removed: readonly LinkedRow[];
}

/** What has to happen to the links of a row. Only rows that the scope sees are linked, and only such links are removed. */
export class LinkChanges<T extends object> {
  private constructor(
    private readonly resource: Resource<T>,
    private readonly changes: readonly LinkChange[],
  ) {}

  /**
   * @param row as it is stored; undefined for one that is going to be made
   * @throws BadRequestException for a key of no row: the same for one that the scope hides
   */
  static async find<T extends object>(
    resource: Resource<T>,
    manager: EntityManager,
    row: T | undefined,
    offered: LinkInput,
  ): Promise<LinkChanges<T>> {
    const changes: LinkChange[] = [];
    for (const [field, offeredKeys] of offered) {
      await requireOwnTenants(manager, field, offeredKeys);
      const wanted = without(field, offeredKeys, []);
      const present = row === undefined ? [] : await presentRows(resource, manager, row, field);
      const missing = without(
        field,
        wanted,
        present.map(({ key }) => key),
      );
      const kept = new Set(wanted.map((key) => linkedKeyText(key, field.columns)));
      const removed = present.filter(({ key }) => !kept.has(linkedKeyText(key, field.columns)));
      changes.push({ field, wanted, added: await requireRows(manager, field, missing), removed });
    }
    return new LinkChanges(
      resource,
      changes.filter(({ added, removed }) => added.length + removed.length > 0),
    );
  }

  get isEmpty(): boolean {
    return this.changes.length === 0;
  }

  /** The rows that the relations will have, by their keys. */
  plain(): ObjectLiteral {
    return Object.fromEntries(this.changes.map(({ field: { property }, wanted }) => [property, wanted.map(plainKey)]));
  }

  /** @param row as it is stored */
  async write(row: T, manager: EntityManager): Promise<void> {
    for (const { field, added, removed } of this.changes) {
      const links = manager.createQueryBuilder().relation(this.resource.entity, field.property).of(row);
      if (removed.length > 0) await links.remove(removed.map((linked) => linked.row));
      if (added.length > 0) await links.add(added.map((linked) => linked.row));
    }
  }
}

/** The rows that are linked now, as far as the scope sees them. */
async function presentRows<T extends object>(
  resource: Resource<T>,
  manager: EntityManager,
  row: T,
  field: LinkField,
): Promise<LinkedRow[]> {
  const select = manager
    .createQueryBuilder(resource.entity, 'item')
    // Links to deleted rows are links: they would come back with the row.
    .withDeleted()
    .innerJoin(`item.${field.property}`, 'linked');
  applyConditions(select, resource.key.whereRow(row), 'item');
  return readRows(select, field);
}

/** @returns the rows with these keys */
async function requireRows(
  manager: EntityManager,
  field: LinkField,
  keys: readonly LinkedKey[],
): Promise<readonly LinkedRow[]> {
  if (keys.length === 0) return [];
  const select = manager.createQueryBuilder<ObjectLiteral>(field.target.target, 'linked');
  applyAnyOf(
    select,
    keys.map((key) => [...key].map(([column, value]) => toCondition(column, value))),
    'linked',
  );
  const found = await readRows(select, field);
  if (found.length < keys.length) {
    const { property } = field;
    throw badRequest([bodyError(property, `${property} refers to a row that does not exist`, 'reference')]);
  }
  return found;
}

/** A body that repeats the tenant of a row must name that in force: of another one there is no such row. */
async function requireOwnTenants(manager: EntityManager, field: LinkField, keys: readonly LinkedKey[]): Promise<void> {
  const repeated = keys.filter((key) => field.tenants.some((column) => key.has(column)));
  await requireRows(manager, field, repeated);
}

async function readRows<T extends ObjectLiteral>(
  select: SelectQueryBuilder<T>,
  { target, columns, tenants, referenced }: LinkField,
): Promise<LinkedRow[]> {
  const keyColumns = [...columns, ...tenants];
  const others = referenced.filter((column) => !column.isPrimary);
  const read: readonly ColumnMetadata[] = [...keyColumns.map(({ metadata }) => metadata), ...others];
  select.select([]);
  read.forEach((column, i) => select.addSelect(`linked.${columnPath(column)}`, `c${i}`));
  const { driver } = target.dataSource;
  const raws = await select.getRawMany<Readonly<Record<string, unknown>>>();
  return raws.map((raw) => {
    const row: ObjectLiteral = {};
    const key = new Map(keyColumns.map((column, i) => [column, column.type.fromJson(raw[`c${i}`]) ?? raw[`c${i}`]]));
    read.forEach((column, i) => {
      const value: unknown =
        i < keyColumns.length ? key.get(keyColumns[i]) : driver.prepareHydratedValue(raw[`c${i}`], column);
      column.setEntityValue(row, value);
    });
    return { key, row };
  });
}

/** Those of the keys that are not among the others, each once. */
function without({ columns }: LinkField, keys: readonly LinkedKey[], others: readonly LinkedKey[]): LinkedKey[] {
  const known = new Set(others.map((key) => linkedKeyText(key, columns)));
  const distinct = new Map(keys.map((key) => [linkedKeyText(key, columns), key]));
  return [...distinct].filter(([text]) => !known.has(text)).map(([, key]) => key);
}
