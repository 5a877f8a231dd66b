import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

/** Tree nodes that a statement of TypeORM connects. */
export interface ClosureNodes {
  readonly metadata: EntityMetadata;
  readonly columns: readonly ColumnMetadata[];
  /** Keys of the node that is inserted or moved, and of its parent. */
  readonly keys: readonly [readonly unknown[], readonly unknown[]];
}

/**
 * Recognises the two raw SQL statements that TypeORM issues for closure tables
 * (persistence/tree/ClosureSubjectExecutor). It issues them when a node gets a parent or moves to another one. Each of
 * their parameters belongs to the key of a node.
 *
 * @returns the nodes; undefined for any other statement
 */
export function matchClosureStatement(
  sql: string,
  parameters: unknown,
  dataSource: DataSource,
): ClosureNodes | undefined {
  if (!sql.startsWith('INSERT INTO ') || !Array.isArray(parameters)) return undefined;
  for (const metadata of dataSource.entityMetadatas) {
    if (metadata.treeType !== 'closure-table') continue;
    const columns = metadata.primaryColumns;
    if (parameters.length !== 2 * columns.length) continue;
    if (sql !== insertNodeSql(metadata, dataSource) && sql !== moveSubtreeSql(metadata, dataSource)) continue;
    return { metadata, columns, keys: [parameters.slice(0, columns.length), parameters.slice(columns.length)] };
  }
  return undefined;
}

function insertNodeSql(metadata: EntityMetadata, dataSource: DataSource): string {
  const { ancestors, descendants, table, placeholder } = namesOf(metadata, dataSource);
  const children = ancestors.map((_, i) => placeholder(i));
  const parents = descendants.map((name, i) => `${name} = ${placeholder(ancestors.length + i)}`);
  return (
    `INSERT INTO ${table} (${[...ancestors, ...descendants].join(', ')}) ` +
    `SELECT ${ancestors.join(', ')}, ${children.join(', ')} FROM ${table} WHERE ${parents.join(' AND ')}`
  );
}

function moveSubtreeSql(metadata: EntityMetadata, dataSource: DataSource): string {
  const { ancestors, descendants, table, placeholder, escape } = namesOf(metadata, dataSource);
  const [above, below] = [escape('supertree'), escape('subtree')];
  const selected = [...ancestors.map((name) => `${above}.${name}`), ...descendants.map((name) => `${below}.${name}`)];
  const moved = ancestors.map((name, i) => `${below}.${name} = ${placeholder(i)}`);
  const parents = descendants.map((name, i) => `${above}.${name} = ${placeholder(ancestors.length + i)}`);
  return (
    `INSERT INTO ${table} (${[...ancestors, ...descendants].join(', ')}) SELECT ${selected.join(', ')} ` +
    `FROM ${table} AS ${above}, ${table} AS ${below} WHERE ${[...moved, ...parents].join(' AND ')}`
  );
}

interface ClosureNames {
  readonly ancestors: readonly string[];
  readonly descendants: readonly string[];
  readonly table: string;
  readonly placeholder: (index: number) => string;
  readonly escape: (name: string) => string;
}

function namesOf({ closureJunctionTable }: EntityMetadata, { driver }: DataSource): ClosureNames {
  const escape = (name: string): string => driver.escape(name);
  return {
    ancestors: closureJunctionTable.ancestorColumns.map(({ databaseName }) => escape(databaseName)),
    descendants: closureJunctionTable.descendantColumns.map(({ databaseName }) => escape(databaseName)),
    table: closureJunctionTable.tablePath.split('.').map(escape).join('.'),
    placeholder: (index) => driver.createParameter('node', index),
    escape,
  };
}
