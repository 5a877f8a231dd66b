import type { Driver } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

// Depending on its collation, a database treats texts as equal that differ in case, accents or trailing spaces.

/** Collations of MySQL and MariaDB under which trailing spaces are significant. */
const NO_PADDING = /_0900_|_nopad_/;

/** Checks whether a column's declaration says that it ignores case. */
export function isCaseInsensitive({ type, collation }: ColumnMetadata): boolean {
  return type === 'citext' || collation?.toUpperCase() === 'NOCASE';
}

/** Checks whether SQLite compares a column's texts exactly. */
export function isExactOnSqlite({ collation }: ColumnMetadata): boolean {
  return /^binary$/i.test(collation ?? 'binary');
}

/** Checks whether MySQL and MariaDB compare a column's texts exactly, in unique keys too. */
export function isExactOnMysql({ type, collation }: ColumnMetadata): boolean {
  return type === 'uuid' || /_bin$|^binary$/i.test(String(collation));
}

/** Checks whether the unique keys of MySQL and MariaDB ignore trailing spaces in a column. */
export function ignoresTrailingSpaces({ collation }: ColumnMetadata): boolean {
  return !NO_PADDING.test(String(collation));
}

/**
 * Returns the SQL of an exact comparison of a column with a parameter, whatever the collation. The first part uses the
 * index, the second one is exact.
 *
 * @param column the column
 * @param driver of its DataSource
 * @param operands the escaped column, the parameter, and whether its value is a string
 */
export function exactlyEqual(
  column: ColumnMetadata,
  driver: Driver,
  { name, parameter, isText }: { readonly name: string; readonly parameter: string; readonly isText: boolean },
): string {
  const equal = `${name} = ${parameter}`;
  // Only with a declared collation, which may be a nondeterministic one.
  if (driver.options.type === 'postgres' && column.collation !== undefined && isText)
    return `${equal} AND ${name} COLLATE "C" = ${parameter}`;
  if (!['mysql', 'mariadb'].includes(driver.options.type)) return equal;
  // MariaDB's uuid type is compared exactly, and its bytes differ from those of the text, so BINARY must not be used.
  if (driver.normalizeType(column) === 'uuid') return equal;
  // The declared type of a view's column may differ from the selected one, which may be such a uuid: cast it to text.
  const isOfView = column.entityMetadata.tableType === 'view';
  if (isText) return `${equal} AND BINARY ${isOfView ? `CAST(${name} AS CHAR)` : name} = ${parameter}`;
  // MySQL also treats a number as equal to every text that begins with it. A view's column has no declared type, so
  // it may hold texts.
  const hasDeclaredType = driver.normalizeType(column) !== '';
  return hasDeclaredType ? equal : `${equal} AND BINARY ${name} = CAST(${parameter} AS CHAR)`;
}
