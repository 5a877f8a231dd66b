import type { EntityMetadata } from 'typeorm';
import { keysOfTable } from '../../orm/policy/declared-foreign-keys.js';
import type { EntityRef } from '../../tenancy/context/entity-ref.js';
import type { StoredRow } from './stored-row.js';

/** The rows of one tenant, for requests that name them. */
export interface TenantRows {
  /**
   * Returns the tenant's rows of an entity as plain objects, in no promised order. Foreign keys without a property of
   * their own have the relation's name.
   *
   * @param entity its class or name
   * @throws Error if the tenant has none
   */
  of<T extends object>(entity: (abstract new (...args: never[]) => T) | EntityRef): Readonly<T>[];
}

/** The rows of one tenant in a snapshot. */
export class OwnedRows implements TenantRows {
  private readonly own: readonly StoredRow[];

  constructor(
    private readonly tenantName: string,
    private readonly all: readonly StoredRow[],
    tenant: number,
  ) {
    this.own = all.filter(({ owners }) => owners.size === 1 && owners.has(tenant));
  }

  of<T extends object>(entity: (abstract new (...args: never[]) => T) | EntityRef): Readonly<T>[] {
    const found = this.own.filter(({ metadata }) => metadata.target === entity || metadata.name === entity);
    if (found.length === 0) {
      const name = typeof entity === 'string' ? entity : entity.name;
      throw new Error(`The tenant ${this.tenantName} has no rows of ${name}. Let seed create one.`);
    }
    return found.map(({ values }) => values as T);
  }

  /**
   * Returns the rows of an entity and of its child entities.
   *
   * @param order `last` reverses the order, for requests that delete; `deleted` puts soft-deleted rows first, which
   * otherwise come last
   */
  rowsOf(metadata: EntityMetadata, order: 'first' | 'last' | 'deleted' = 'first'): StoredRow[] {
    const found = this.own.filter((row) => isKindOf(row.metadata, metadata));
    const deleted = found.filter(isSoftDeleted);
    const live = found.filter((row) => !isSoftDeleted(row));
    if (order === 'deleted') return [...deleted, ...live];
    return [...(order === 'last' ? live.reverse() : live), ...deleted];
  }

  /** Returns the rows of an entity that belong to no tenant of the test. */
  sharedRowsOf(metadata: EntityMetadata): StoredRow[] {
    return this.all.filter((row) => row.owners.size === 0 && isKindOf(row.metadata, metadata));
  }

  /** Returns the row of an entity that a row references by a foreign key; undefined without one. */
  referenced(row: StoredRow, target: EntityMetadata): StoredRow | undefined {
    for (const key of keysOfTable(row.metadata)) {
      if (key.target.tablePath !== target.tablePath) continue;
      const found = this.all.find(
        (other) =>
          other.metadata.tablePath === target.tablePath &&
          key.columns.every(
            ({ own, referenced }) =>
              row.raw[own.databaseName] !== null &&
              String(row.raw[own.databaseName]) === String(other.raw[referenced.databaseName]),
          ),
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Every row of the tenant. */
  get rows(): readonly StoredRow[] {
    return this.own;
  }
}

function isSoftDeleted({ metadata: { deleteDateColumn }, raw }: StoredRow): boolean {
  return deleteDateColumn !== undefined && (raw[deleteDateColumn.databaseName] ?? null) !== null;
}

function isKindOf(metadata: EntityMetadata, wanted: EntityMetadata): boolean {
  return metadata === wanted || metadata.parentEntityMetadata === wanted || metadata.tablePath === wanted.tablePath;
}
