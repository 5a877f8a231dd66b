import { QueryFailedError } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import type { SqlDialect } from '../sql/tokenizer.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';

/** What a driver says of a failed statement, as far as the drivers have it in common. */
export interface DriverError {
  readonly code?: string | number;
  readonly errno?: number;
  readonly constraint?: string;
  /** PostgreSQL: `Key (organization_id, email)=(1, a@b.example) already exists.` */
  readonly detail?: string;
  /** PostgreSQL: the table of the constraint, without its schema. */
  readonly table?: string;
  /** PostgreSQL: the column of a NOT NULL violation. */
  readonly column?: string;
  readonly message?: string;
}

/**
 * Turns a driver's error about a unique key into one that names properties and nothing else: whose the other row is must not show.
 *
 * @param written the entities that the statement wrote
 * @returns undefined when the error is about something else, or no tenant scope is in force
 */
export function toUniqueConflict(
  error: unknown,
  written: readonly EntityMetadata[],
  policies: PolicyRegistry,
): UniqueConflictError | undefined {
  if (!(error instanceof QueryFailedError) || currentContext()?.scope === undefined) return undefined;
  const driverError = error.driverError as DriverError;
  if (!isUniqueViolation(driverError)) return undefined;
  const [entity] = written;
  if (entity === undefined) return new UniqueConflictError('row', []);
  const tenantColumns = policies.tenantColumns(entity).map(({ column }) => column.propertyPath);
  const properties = violatedColumns(driverError, entity)
    .map(({ propertyPath }) => propertyPath)
    .filter((property) => !tenantColumns.includes(property));
  return new UniqueConflictError(entity.name, properties);
}

/** PostgreSQL 23505, and 23P01 of an exclusion; MySQL 1062; SQLite's message. */
export function isUniqueViolation({ code, errno, message = '' }: DriverError): boolean {
  return code === '23505' || code === '23P01' || errno === 1062 || /UNIQUE constraint failed/.test(message);
}

/** PostgreSQL 23503, and 23001 of a RESTRICT from PostgreSQL 18 on; MySQL 1216, 1217, 1451 and 1452, SQLite's message. */
export function isForeignKeyViolation({ code, errno, message = '' }: DriverError): boolean {
  return (
    code === '23503' ||
    code === '23001' ||
    [1216, 1217, 1451, 1452].includes(errno ?? 0) ||
    /FOREIGN KEY constraint failed/.test(message)
  );
}

/**
 * Returns the columns of the unique key that a driver names: by a constraint that the entity declares, or else by the columns that the
 * database itself names, since tables that TypeORM did not create have constraints of other names.
 *
 * @param metadata the entity that was written
 * @returns empty if the driver does not tell
 */
export function violatedColumns(
  { constraint, detail, table, message = '' }: DriverError,
  metadata: EntityMetadata,
): readonly ColumnMetadata[] {
  if (table !== undefined && table !== metadata.tableName) return [];
  const named = constraint ?? /for key '(?:[^'.]*\.)?([^'.]+)'/.exec(message)?.[1];
  if (named !== undefined) {
    const declared = [...metadata.uniques, ...metadata.indices].find(({ name }) => name === named);
    return declared?.columns ?? columnsOfDetail(detail, metadata) ?? columnsOfKeyName(named, metadata);
  }
  const columns = /UNIQUE constraint failed: (.+)/.exec(message)?.[1].split(', ') ?? [];
  return columns
    .map((column) => metadata.findColumnWithDatabaseName(column.slice(column.indexOf('.') + 1)))
    .filter((column) => column !== undefined);
}

/**
 * Returns the columns that PostgreSQL names in the detail of an error, also those inside an expression: `Key (lower(email::text))=(…)`.
 *
 * @returns undefined if it names none that the entity has
 */
export function columnsOfDetail(
  detail: string | undefined,
  metadata: EntityMetadata,
): readonly ColumnMetadata[] | undefined {
  // The message is translated, the form of the key is not.
  const key = /\((.+?)\)=\(/.exec(detail ?? '')?.[1];
  const names = key
    ?.match(/"(?:[^"]|"")+"|[^\W\d]\w*/g)
    ?.map((name) => name.replace(/^"|"$/g, '').replaceAll('""', '"'));
  const columns = (names ?? [])
    .map((name) => metadata.findColumnWithDatabaseName(name))
    .filter((column) => column !== undefined);
  return columns.length > 0 ? columns : undefined;
}

/** MySQL calls a primary key PRIMARY, and a unique key that nobody has named like its first column: `email`, `email_2`. */
function columnsOfKeyName(name: string, metadata: EntityMetadata): readonly ColumnMetadata[] {
  if (name === 'PRIMARY') return metadata.primaryColumns;
  const first = name.replace(/_\d+$/, '');
  const keys = [...metadata.uniques, ...metadata.indices.filter(({ isUnique }) => isUnique)].filter(({ columns }) =>
    [name, first].includes(columns[0]?.databaseName),
  );
  return keys.length === 1 ? keys[0].columns : [];
}

/** What speaks of the statement, or of rows that it writes, and not of values that it reads. */
const SAFE_ERROR_CODES = {
  // Integrity, syntax and names, transactions, resources, cancelled. Of class 42 not 42704, which names what a value was taken for.
  postgres: /^(?:23|42(?!704)|25|40|53|55|57|08|0A)/,
  mysql: new Set([1048, 1054, 1062, 1064, 1091, 1136, 1146, 1205, 1213, 1216, 1217, 1364, 1451, 1452]),
  sqlite: /^(?:near |no such |ambiguous |UNIQUE|NOT NULL|FOREIGN KEY|CHECK|SQLITE_|table |[\w ]*syntax)/,
};

/**
 * A database says which value it could not compute with, whoever's row it stands in. In a scope such an error keeps its code and loses its text.
 *
 * @returns the same error where it tells of no row
 */
export function redactValues(error: unknown, dialect: SqlDialect): unknown {
  if (!(error instanceof QueryFailedError) || currentContext()?.scope === undefined) return error;
  const { code, errno, constraint, column, message = '' } = error.driverError as DriverError;
  const isHarmless =
    dialect === 'postgres'
      ? SAFE_ERROR_CODES.postgres.test(String(code))
      : dialect === 'mysql'
        ? SAFE_ERROR_CODES.mysql.has(errno ?? 0)
        : SAFE_ERROR_CODES.sqlite.test(message);
  if (isHarmless) return error;
  const masked = new Error('The database could not compute with a value.');
  return new QueryFailedError(
    error.query,
    error.parameters,
    Object.assign(masked, { code, errno, constraint, column }),
  );
}
