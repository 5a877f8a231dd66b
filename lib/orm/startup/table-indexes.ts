import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata, IndexMetadata } from '../../common/peer-internals.js';
import { supportedDialect } from '../policy/dialect.js';
import { holdsSharedOnly } from '../policy/unique-keys.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';

/**
 * The indexes of a table as its entities declare them: primary and unique keys, `@Index()`, and the foreign keys that
 * MySQL indexes by itself. The database is not asked, so an index that only a migration knows is missing here.
 */
export class TableIndexes {
  /** Names of the columns in the database, index by index. */
  private readonly indexes: readonly (readonly string[])[];

  /** @param metadatas the entities of the table: several with single-table inheritance */
  constructor(
    private readonly dataSource: DataSource,
    readonly metadatas: readonly EntityMetadata[],
    private readonly policies: PolicyRegistry,
  ) {
    const dialect = supportedDialect(dataSource);
    this.indexes = metadatas.flatMap((metadata) => {
      const primary = metadata.primaryColumns.map(nameOf);
      const declared = [
        ...metadata.uniques.map(({ columns }) => columns),
        ...metadata.indices.filter((index) => isOrdered(index, policies)).map(columnsOf),
        ...(dialect === 'mysql' ? metadata.foreignKeys.map(({ columns }) => columns) : []),
      ].map((columns) => columns.map(nameOf));
      // In MySQL and SQLite every other index ends with the primary key.
      return [primary, ...declared.map((names) => (dialect === 'postgres' ? names : [...names, ...primary]))];
    });
  }

  /**
   * Checks whether an index finds the rows of one tenant.
   *
   * @param owners the columns that determine the tenant
   */
  findRowsBy(owners: readonly ColumnMetadata[]): boolean {
    const names = owners.map(nameOf);
    return this.indexes.some(([first]) => names.includes(first));
  }

  /**
   * Checks whether an index has rows in the order of a column.
   *
   * @param fixed columns that have one value in all these rows
   */
  orderRowsBy(column: ColumnMetadata, fixed: readonly ColumnMetadata[]): boolean {
    const names = fixed.map(nameOf);
    return this.indexes.some((index) => {
      const first = index.findIndex((name) => !names.includes(name));
      return index[first] === column.databaseName && (first > 0 || fixed.length === 0);
    });
  }

  /** Writes the index as a decorator of an entity, and as the statement that creates it. */
  linesFor(columns: readonly ColumnMetadata[]): string {
    const [metadata] = this.metadatas;
    const { driver, namingStrategy } = this.dataSource;
    const name = namingStrategy.indexName(metadata.tablePath, columns.map(nameOf));
    const table = this.policies.table(metadata);
    const names = columns.map((column) => driver.escape(nameOf(column))).join(', ');
    const properties = columns.map(({ propertyPath }) => `'${propertyPath}'`).join(', ');
    return `@Index([${properties}]) on ${metadata.name}, or CREATE INDEX ${driver.escape(name)} ON ${table} (${names})`;
  }
}

/** Checks whether an index has the rows of tenants in the order of its columns. */
function isOrdered(index: IndexMetadata, policies: PolicyRegistry): boolean {
  return !index.isSpatial && !index.isFulltext && !holdsSharedOnly(index, policies.of(index.entityMetadata));
}

/** Returns the columns of an index. TypeORM does not resolve those that a schema names with `synchronize: false`. */
function columnsOf({ columns, givenColumnNames, entityMetadata }: IndexMetadata): readonly ColumnMetadata[] {
  if (columns.length > 0 || !Array.isArray(givenColumnNames)) return columns;
  return givenColumnNames.flatMap((name) => entityMetadata.findColumnWithPropertyPath(name) ?? []);
}

function nameOf({ databaseName }: ColumnMetadata): string {
  return databaseName;
}
