import type { EntityManager, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { badRequest } from '../errors/invalid-request.exception.js';
import { columnPath, toCondition, applyConditions, applyAnyOf } from '../model/column-conditions.js';
import { bodyError } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';
import { linkedKeyText, plainKey } from '../links/link-field.js';
import type { LinkedKey, LinkField, LinkInput } from '../links/link-field.js';

/** A related row: its key and the columns that the junction table references. */
interface LinkedRow {
  readonly key: LinkedKey;
  readonly row: ObjectLiteral;
}

/** The links of one relation to add and to remove. */
interface LinkChange {
  readonly field: LinkField;
  readonly wanted: readonly LinkedKey[];
  readonly added: readonly LinkedRow[];
  readonly removed: readonly LinkedRow[];
}

/**
 * Computes and writes the link changes of a row. Only rows visible in the current scope are linked, and only visible
 * links are removed.
 */
export class LinkChanges<T extends object> {
  private constructor(
    private readonly resource: Resource<T>,
    private readonly changes: readonly LinkChange[],
  ) {}

  /**
   * Compares the requested links with the stored ones.
   *
   * @param row as stored; undefined for a new row
   * @throws BadRequestException for the key of a missing row, or of a row outside the scope
   */
  static async find<T extends object>(
    resource: Resource<T>,
    manager: EntityManager,
    row: T | undefined,
    offered: LinkInput,
  ): Promise<LinkChanges<T>> {
    const changes: LinkChange[] = [];
    for (const [field, offeredKeys] of offered) {
      await assertOwnTenants(manager, field, offeredKeys);
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

  /** Returns the keys that each changed relation will contain. */
  plain(): ObjectLiteral {
    return Object.fromEntries(this.changes.map(({ field: { property }, wanted }) => [property, wanted.map(plainKey)]));
  }

  /** @param row as stored */
  async write(row: T, manager: EntityManager): Promise<void> {
    for (const { field, added, removed } of this.changes) {
      const links = manager.createQueryBuilder().relation(this.resource.entity, field.property).of(row);
      if (removed.length > 0) await links.remove(removed.map((linked) => linked.row));
      if (added.length > 0) await links.add(added.map((linked) => linked.row));
    }
  }
}

/** Returns the currently linked rows that are visible in the scope. */
async function presentRows<T extends object>(
  resource: Resource<T>,
  manager: EntityManager,
  row: T,
  field: LinkField,
): Promise<LinkedRow[]> {
  const select = manager
    .createQueryBuilder(resource.entity, 'item')
    // Links to soft-deleted rows count: they become visible again if the row is restored.
    .withDeleted()
    .innerJoin(`item.${field.property}`, 'linked');
  applyConditions(select, resource.key.whereRow(row), 'item');
  return readRows(select, field);
}

/**
 * @returns the rows with these keys
 * @throws BadRequestException if one is not visible
 */
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

/** A body may repeat the tenant of a related row, but only the current one: rows of other tenants are not visible. */
async function assertOwnTenants(manager: EntityManager, field: LinkField, keys: readonly LinkedKey[]): Promise<void> {
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

/** Returns the keys that are not in `others`, without duplicates. */
function without({ columns }: LinkField, keys: readonly LinkedKey[], others: readonly LinkedKey[]): LinkedKey[] {
  const known = new Set(others.map((key) => linkedKeyText(key, columns)));
  const distinct = new Map(keys.map((key) => [linkedKeyText(key, columns), key]));
  return [...distinct].filter(([text]) => !known.has(text)).map(([, key]) => key);
}
