import { randomBytes } from 'node:crypto';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { TenantScopeMissingError } from '../../errors/tenant-scope-missing.error.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import type { ValidScope, ScopeValue } from '../../tenancy/context/tenant-scope.js';
import type { SqlDialect } from '../sql/tokenizer.js';

/*
 * Prefix of the parameters that carry the scope's values. It is random, so that neither application code nor its input
 * can write the name into a fragment or set the parameter. It also avoids clashes with SQL types and properties.
 */
const PREFIX = `muck${randomBytes(8).toString('hex')}`;

const names = new WeakMap<ColumnMetadata, string>();
const keysByName = new Map<string, string>();

/** PostgreSQL types that can be compared with each other. */
const TEXT_TYPES = new Set(['character varying', 'varchar', 'text']);

/**
 * Returns the name of the parameter that carries a scope key's value.
 *
 * @param column the tenant column that the value is compared with
 */
export function scopeParameter(key: string, column?: ColumnMetadata): string {
  // Called for each row of an insert.
  const known = column && names.get(column);
  if (known !== undefined) return known;
  const name = `${PREFIX}_${hex(key)}${column === undefined ? '' : formOf(key, column)}`;
  keysByName.set(name, key);
  if (column !== undefined) names.set(column, name);
  return name;
}

/**
 * Returns the name of the parameter with the scope's value that a statement writes into a tenant column, while {@link
 * scopeParameter} is compared with the column.
 */
export function writtenScopeParameter(key: string, column: ColumnMetadata): string {
  const name = `${scopeParameter(key, column)}_written_${hex(column.databaseName)}`;
  keysByName.set(name, key);
  return name;
}

/**
 * Returns a suffix for the parameter's name. PostgreSQL infers one type per parameter, from the first comparison, and
 * cannot compare text with uuid or enum. Columns of such types therefore have a parameter of their own.
 */
function formOf(key: string, column: ColumnMetadata): string {
  const { dataSource, tablePath } = column.entityMetadata;
  const { driver } = dataSource;
  if (driver.options.type !== 'postgres' || getScopeDeclaration()[key] !== String) return '';
  const type = driver.normalizeType(column);
  if (TEXT_TYPES.has(type)) return '';
  // The type of a view's column is unknown, and each enum is a type of its own.
  const isOwnType = type === '' || type === 'enum';
  return `_${hex(isOwnType ? `${tablePath}.${column.databaseName}` : type)}`;
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

const constantsByName = new Map<string, string | number>();

/**
 * Returns the name of a parameter with a constant value from the metadata, e.g. a discriminator. Equal values have the
 * same name in every statement.
 */
export function constantParameter(value: string | number): string {
  const name = `${PREFIX}_${typeof value}_${hex(String(value))}`;
  constantsByName.set(name, value);
  return name;
}

/** Returns the value of such a parameter; undefined for any other parameter. */
export function constantOf(parameter: string): string | number | undefined {
  return constantsByName.get(parameter);
}

/** Checks whether the value of a parameter is set by enforcement, so that a value given by the caller is ignored. */
export function isOwnParameter(parameter: string): boolean {
  return keysByName.has(parameter) || constantsByName.has(parameter);
}

/** Returns the scope key whose value a parameter carries; undefined for any other parameter. */
export function scopeKeyOf(parameter: string): string | undefined {
  return keysByName.get(parameter);
}

/**
 * Returns the value of a scope key in the form that the driver accepts.
 *
 * @throws TenantScopeMissingError if there is no current scope
 */
export function scopeValue(key: string, scope: ValidScope | undefined, dialect: SqlDialect): ScopeValue {
  const value = scope?.values[key];
  if (value === undefined) throw new TenantScopeMissingError('a statement that was built in a scope');
  // MySQL compares a number with a string as floating point numbers. The other drivers accept a bigint as text only.
  return typeof value === 'bigint' && dialect !== 'mysql' ? String(value) : value;
}
