import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { keysOf, pathOf, relationsOf, rootOf, entityOf } from './model.js';
import type { EntityModel, Model, TenantName } from './model.js';
import type { StoredRow } from '../../support/own-connection.js';
import type { World } from './world.js';

type Rows = ReadonlyMap<string, readonly StoredRow[]>;

/** The scope keys of a row and their values; undefined for a row without an owner, or one whose owner is gone. */
type Keys = Readonly<Record<string, string>>;

/** Tells whose rows are whose, and whether a reference leads from one tenant to another. It reads TypeORM's metadata and nothing of the library. */
export class Ownership {
  private readonly model: Model;

  constructor(private readonly world: World) {
    this.model = world.model;
  }

  /** The rows of each table that a tenant may see, and the others, each as text in a steady order. */
  divide(
    rows: Rows,
    tenant: TenantName,
  ): { readonly seen: Map<string, string[]>; readonly others: Map<string, string[]> } {
    const seen = new Map<string, string[]>();
    const others = new Map<string, string[]>();
    for (const metadata of this.tables()) {
      const all = rows.get(metadata.tablePath) ?? [];
      const own: string[] = [];
      const rest: string[] = [];
      for (const row of all) (this.sees(tenant, metadata, row, rows) ? own : rest).push(textOf(row));
      seen.set(metadata.tablePath, own.sort());
      others.set(metadata.tablePath, rest.sort());
    }
    return { seen, others };
  }

  /** The rows of tenants' tables that have no tenant. */
  ofNobody(rows: Rows): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const metadata of this.tables()) {
      const entity = this.model.entities.find(({ name }) => name === metadata.name);
      const owner = entity && rootOf(this.model, entity).owner;
      if (owner?.kind !== 'own') continue;
      const all = rows.get(metadata.tablePath) ?? [];
      const texts = all.filter((row) => this.keys(metadata, row, rows) === undefined).map(textOf);
      found.set(metadata.tablePath, texts.sort());
    }
    return found;
  }

  /** References that lead from one tenant's row to another's, as text. */
  crossings(rows: Rows): string[] {
    const found: string[] = [];
    for (const metadata of this.tables()) {
      for (const row of rows.get(metadata.tablePath) ?? []) {
        const near = this.keys(metadata, row, rows);
        for (const { columns, referencedColumns, referencedEntityMetadata: target } of metadata.foreignKeys) {
          if (columns.some((column) => valueOf(row, column) === null)) continue;
          const far = this.find(rows, target, columns, referencedColumns, row);
          const keys = far && this.keys(target, far, rows);
          if (near === undefined || keys === undefined) continue;
          const crossed = Object.keys(keys).some((key) => near[key] !== undefined && near[key] !== keys[key]);
          if (crossed) found.push(`${metadata.tablePath} ${textOf(row)} refers to ${target.tablePath} ${textOf(far!)}`);
        }
      }
    }
    return found;
  }

  private tables(): EntityMetadata[] {
    return this.world.dataSources.flatMap((dataSource: DataSource) =>
      dataSource.entityMetadatas.filter(({ tableType }) => tableType !== 'view' && tableType !== 'entity-child'),
    );
  }

  private sees(tenant: TenantName, metadata: EntityMetadata, row: StoredRow, rows: Rows): boolean {
    const keys = this.keys(metadata, row, rows);
    return (
      keys === undefined || Object.entries(keys).every(([key, value]) => this.model.tenants[tenant][key] === value)
    );
  }

  private keys(metadata: EntityMetadata, row: StoredRow, rows: Rows): Keys | undefined {
    const entity = this.model.entities.find(({ name }) => name === metadata.name);
    if (entity !== undefined) return this.keysOfEntity(entity, metadata, row, rows);
    // A link, or a place in a tree: of whom its first side that is anybody's is.
    for (const { columns, referencedColumns, referencedEntityMetadata } of metadata.foreignKeys) {
      const far = this.find(rows, referencedEntityMetadata, columns, referencedColumns, row);
      const keys = far && this.keys(referencedEntityMetadata, far, rows);
      if (keys !== undefined && Object.keys(keys).length > 0) return keys;
    }
    return undefined;
  }

  private keysOfEntity(entity: EntityModel, metadata: EntityMetadata, row: StoredRow, rows: Rows): Keys | undefined {
    const { owner } = rootOf(this.model, entity);
    if (owner.kind === 'shared') return undefined;
    if (owner.kind === 'own') {
      const keys: Record<string, string> = {};
      for (const key of keysOf(this.model.scope)) {
        const column = owner.columns[key];
        if (column === undefined) continue;
        const found = metadata.columns.find(({ propertyPath }) => propertyPath === pathOf(column))!;
        const value = valueOf(row, found);
        if (value !== null && value !== undefined)
          keys[key] = typeof value === 'string' ? value : JSON.stringify(value);
      }
      return Object.keys(keys).length === 0 ? undefined : keys;
    }
    const relation = relationsOf(this.model, entity).find(({ property }) => property === owner.relation)!;
    const target = entityOf(this.model, relation.target);
    // A child entity's inherited foreign keys are told by the entity that has the table.
    const table = metadata.tableType === 'entity-child' ? metadata.parentEntityMetadata : metadata;
    const key = [...metadata.foreignKeys, ...table.foreignKeys].find(({ columns }) =>
      columns.some(({ relationMetadata }) => relationMetadata?.propertyName === owner.relation),
    );
    const far = key && this.find(rows, key.referencedEntityMetadata, key.columns, key.referencedColumns, row);
    return far && this.keysOfEntity(target, key.referencedEntityMetadata, far, rows);
  }

  private find(
    rows: Rows,
    target: EntityMetadata,
    columns: readonly ColumnMetadata[],
    referenced: readonly ColumnMetadata[],
    row: StoredRow,
  ): StoredRow | undefined {
    return rows
      .get(target.tablePath)
      ?.find((far) =>
        columns.every((column, i) => String(valueOf(far, referenced[i])) === String(valueOf(row, column))),
      );
  }
}

/** PostgreSQL keeps 63 bytes of a name. */
function valueOf(row: StoredRow, { databaseName }: ColumnMetadata): unknown {
  return row[databaseName] === undefined ? row[databaseName.slice(0, 63)] : row[databaseName];
}

/** A moment of today in what a database gives: two worlds cannot have the same. */
function isNow(value: unknown): boolean {
  return value instanceof Date && Math.abs(value.getTime() - Date.now()) < 86_400_000;
}

function textOf(row: StoredRow): string {
  return JSON.stringify(row, function (this: Record<string, unknown>, key: string, value: unknown) {
    const given = this[key];
    if (isNow(given)) return 'now';
    if (typeof given === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d/.test(given)) {
      return isNow(new Date(`${given.replace(' ', 'T')}Z`)) ? 'now' : given;
    }
    return typeof value === 'bigint' ? String(value) : value;
  });
}
