import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../common/peer-internals.js';
import type { Resource } from '../crud/resource/resource.js';
import { enforcementOf } from '../orm/enforcement/enforcement.js';
import { junctionSides } from '../orm/policy/policy-compiler.js';
import type { PolicyRegistry } from '../orm/policy/policy-registry.js';
import { isScoped, ownerColumns } from '../orm/policy/tenant-policy.js';
import { TableIndexes } from '../orm/startup/table-indexes.js';

/**
 * Finds tables whose lists get slower with the rows of all tenants: a tenant-scoped table without an index that begins
 * with its tenant column (or the foreign key of its `via` relation), and a `defaultSort` that no index serves.
 *
 * @param resources those that have a list
 * @returns at most one text for each table: what is missing, and the lines that add it
 */
export function adviseIndexes(dataSource: DataSource, resources: readonly Resource[]): string[] {
  const policies = enforcementOf(dataSource)?.policies;
  if (policies === undefined) return [];
  return tablesOf(dataSource).flatMap((metadatas) => {
    const table = new TableIndexes(dataSource, metadatas, policies);
    const lists = resources.filter(({ metadata }) => metadatas.includes(metadata));
    return withoutOwnerIndex(table, lists, policies) ?? withoutSortIndex(table, lists, policies) ?? [];
  });
}

/**
 * Returns the entities of each table, a parent entity before its child entities. Views have no indexes, and TypeORM
 * creates those of junction tables.
 */
function tablesOf(dataSource: DataSource): EntityMetadata[][] {
  const tables = new Map<string, EntityMetadata[]>();
  for (const metadata of dataSource.entityMetadatas) {
    if (metadata.tableType === 'view' || junctionSides(metadata).length > 0) continue;
    tables.set(metadata.tablePath, [...(tables.get(metadata.tablePath) ?? []), metadata]);
  }
  const isChild = ({ tableType }: EntityMetadata): number => (tableType === 'entity-child' ? 1 : 0);
  return [...tables.values()].map((metadatas) => metadatas.toSorted((a, b) => isChild(a) - isChild(b)));
}

function withoutOwnerIndex(
  table: TableIndexes,
  lists: readonly Resource[],
  policies: PolicyRegistry,
): string | undefined {
  const [metadata] = table.metadatas;
  const policy = policies.of(metadata);
  if (!isScoped(policy)) return undefined;
  const owners = ownerColumns(policy);
  if (table.findRowsBy(owners)) return undefined;
  const sorted = policy.kind === 'columns' ? lists.map(sortColumnsOf).find(({ length }) => length > 0) : undefined;
  const names = owners.map(({ propertyPath }) => propertyPath).join(', ');
  return (
    `${metadata.tablePath} has no index that begins with ${names}, so a read of one tenant's rows reads those of all ` +
    `tenants. Add ${table.linesFor([...owners, ...(sorted ?? [])])}.`
  );
}

function withoutSortIndex(
  table: TableIndexes,
  lists: readonly Resource[],
  policies: PolicyRegistry,
): string | undefined {
  const [metadata] = table.metadatas;
  const policy = policies.of(metadata);
  const owners = policy.kind === 'columns' ? ownerColumns(policy) : [];
  for (const list of lists) {
    const parents = list.parents?.columns.map(({ own }) => own.metadata) ?? [];
    // Rows that only an EXISTS on a parent limits are in no order that one index has.
    if (policy.kind === 'parents' && parents.length === 0) continue;
    const [first] = sortColumnsOf(list);
    if (first === undefined || table.orderRowsBy(first, [...owners, ...parents])) continue;
    const columns = [...owners, ...parents.filter((parent) => !owners.includes(parent)), ...sortColumnsOf(list)];
    return (
      `${metadata.tablePath} has no index in the order of its list (defaultSort: ${first.propertyPath}), so each page ` +
      `sorts all rows of the tenant. Add ${table.linesFor(columns)}.`
    );
  }
  return undefined;
}

/** Returns the columns of a list's default order, up to the first one of a related row: no index has that one. */
function sortColumnsOf(resource: Resource): ColumnMetadata[] {
  const fields = resource.list.defaultSort.map(({ property }) => resource.field(property));
  const end = fields.findIndex((field) => field === undefined || field.relations.length > 0);
  return fields.slice(0, end === -1 ? fields.length : end).map((field) => field!.column.metadata);
}
