import type { DataSource, EntityMetadata } from 'typeorm';
import { enforcementOf } from '../../orm/enforcement/enforcement.js';
import type { PolicyRegistry } from '../../orm/policy/policy-registry.js';
import type { ParentJoin, TenantPolicy } from '../../orm/policy/tenant-policy.js';
import { runUnscoped } from '../../tenancy/context/tenant-context.js';
import type { ScopeValue, TenantScope } from '../../tenancy/context/tenant-scope.js';
import { UnscopedSection } from '../../tenancy/context/unscoped-section.js';
import { propertyOf } from './stored-row.js';
import type { StoredRow } from './stored-row.js';

/** Tables larger than this are not read completely, which a report says. */
const MAX_ROWS = 20_000;

type MutableRow = StoredRow & { readonly owners: Set<number> };

/** All rows of the application's tables at one time. */
export interface Snapshot {
  readonly rows: readonly StoredRow[];
  /** The names of tables with more rows than were read. */
  readonly truncated: readonly string[];
}

/**
 * Reads the rows of all tables and determines the tenant of each, from the stored tenant columns and foreign keys. It
 * does not use the predicates of the ORM layer, so that it also sees what that layer would miss.
 */
export class RowReader {
  constructor(
    private readonly dataSources: readonly DataSource[],
    private readonly scopes: readonly TenantScope[],
  ) {}

  /** Reads all tables. */
  async read(): Promise<Snapshot> {
    const rows: MutableRow[] = [];
    const truncated: string[] = [];
    for (const dataSource of this.dataSources) {
      const policies = enforcementOf(dataSource)?.policies;
      if (policies === undefined) continue;
      const own = new Map<EntityMetadata, MutableRow[]>();
      for (const metadata of tablesOf(dataSource)) {
        const found = await this.readTable(dataSource, metadata, policies);
        if (found.length > MAX_ROWS) truncated.push(metadata.tableName);
        own.set(metadata, found.slice(0, MAX_ROWS));
      }
      this.assignOwners(own, policies);
      rows.push(...[...own.values()].flat());
    }
    return { rows, truncated };
  }

  private async readTable(
    dataSource: DataSource,
    metadata: EntityMetadata,
    policies: PolicyRegistry,
  ): Promise<MutableRow[]> {
    const sql = `SELECT * FROM ${policies.table(metadata)} LIMIT ${MAX_ROWS + 1}`;
    const raws = await runUnscoped(new UnscopedSection('the isolation test reads the rows of all tenants'), () =>
      dataSource.query<Record<string, unknown>[]>(sql),
    );
    return raws.map((raw) => {
      const entity = entityOfRow(metadata, raw);
      const values = Object.fromEntries(
        entity.columns.map((column) => [
          propertyOf(column),
          dataSource.driver.prepareHydratedValue(raw[column.databaseName], column) as unknown,
        ]),
      );
      const key = entity.primaryColumns.map(({ databaseName }) => String(raw[databaseName])).join(',');
      return { metadata: entity, raw, values, key, owners: new Set<number>() };
    });
  }

  /** Assigns owners by tenant columns first, then from parents to children until nothing changes. */
  private assignOwners(rows: ReadonlyMap<EntityMetadata, readonly MutableRow[]>, policies: PolicyRegistry): void {
    for (const [metadata, own] of rows) {
      const policy = policies.of(metadata);
      if (policy.kind === 'columns') for (const row of own) this.assignByColumns(row, policy);
    }
    for (let changed = true; changed;) {
      changed = false;
      for (const [metadata, own] of rows) {
        const policy = policies.of(metadata);
        if (policy.kind !== 'parents') continue;
        for (const join of policy.parents) changed = inherit(own, rows, join) || changed;
      }
    }
  }

  private assignByColumns(row: MutableRow, { columns }: Extract<TenantPolicy, { kind: 'columns' }>): void {
    this.scopes.forEach((scope, tenant) => {
      const isOwn = columns.every(({ key, column }) => {
        const stored = row.raw[column.databaseName] as ScopeValue | null;
        return stored !== null && String(stored) === String(scope[key]);
      });
      if (isOwn) row.owners.add(tenant);
    });
    // Two scopes that differ in a key which the entity omits share its rows.
    if (row.owners.size === this.scopes.length) row.owners.clear();
  }
}

/** Returns one entity for each table that the application writes, junction tables included. */
function tablesOf(dataSource: DataSource): EntityMetadata[] {
  return dataSource.entityMetadatas.filter(
    ({ tableType, parentEntityMetadata }) => tableType !== 'view' && parentEntityMetadata === undefined,
  );
}

/** Returns the child entity of a row of single-table inheritance. */
function entityOfRow(metadata: EntityMetadata, raw: Readonly<Record<string, unknown>>): EntityMetadata {
  const { discriminatorColumn, childEntityMetadatas } = metadata;
  if (discriminatorColumn === undefined) return metadata;
  const stored = raw[discriminatorColumn.databaseName];
  return childEntityMetadatas.find(({ discriminatorValue }) => discriminatorValue === stored) ?? metadata;
}

function inherit(
  children: readonly MutableRow[],
  rows: ReadonlyMap<EntityMetadata, readonly MutableRow[]>,
  { parent, columns }: ParentJoin,
): boolean {
  const parents = rows.get(parent.parentEntityMetadata ?? parent) ?? [];
  const textOf = (raw: Readonly<Record<string, unknown>>, side: 'own' | 'referenced'): string =>
    JSON.stringify(columns.map((pair) => String(raw[pair[side].databaseName])));
  const owners = new Map(parents.map((row) => [textOf(row.raw, 'referenced'), row.owners]));
  let changed = false;
  for (const child of children) {
    const before = child.owners.size;
    for (const owner of owners.get(textOf(child.raw, 'own')) ?? []) child.owners.add(owner);
    changed ||= child.owners.size > before;
  }
  return changed;
}
