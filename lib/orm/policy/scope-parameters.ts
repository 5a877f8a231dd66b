import { randomBytes } from 'node:crypto';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { TenantScopeMissingError } from '../../errors/tenant-scope-missing.error.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import type { ValidScope, ScopeValue } from '../../tenancy/context/tenant-scope.js';
import type { SqlDialect } from '../sql/tokenizer.js';

/*
 * Names of the parameters that carry the scope's values. The random part keeps application code, and whoever feeds it, from writing
 * the name into a fragment or setting the parameter; no SQL type or property is called so either.
 */
const PREFIX = `muck${randomBytes(8).toString('hex')}`;

const names = new WeakMap<ColumnMetadata, string>();
const keysByName = new Map<string, string>();

/** Types of PostgreSQL that are compared with each other. */
const TEXT_TYPES = new Set(['character varying', 'varchar', 'text']);

/**
 * The name of the parameter that carries a scope key's value.
 *
 * @param column the tenant column that the value is for
 */
export function scopeParameter(key: string, column?: ColumnMetadata): string {
  // Asked for each row of an insert.
  const known = column && names.get(column);
  if (known !== undefined) return known;
  const name = `${PREFIX}_${hex(key)}${column === undefined ? '' : formOf(key, column)}`;
  keysByName.set(name, key);
  if (column !== undefined) names.set(column, name);
  return name;
}

/**
 * PostgreSQL gives a parameter one type, that of what it is compared with first, and compares a text with no UUID and no enum: beside texts such
 * columns have a parameter of their own.
 */
function formOf(key: string, column: ColumnMetadata): string {
  const { dataSource, tablePath } = column.entityMetadata;
  const { driver } = dataSource;
  if (driver.options.type !== 'postgres' || getScopeDeclaration()[key] !== String) return '';
  const type = driver.normalizeType(column);
  if (TEXT_TYPES.has(type)) return '';
  // What a view selects nobody says, and each enum is a type.
  const isOwnType = type === '' || type === 'enum';
  return `_${hex(isOwnType ? `${tablePath}.${column.databaseName}` : type)}`;
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

const constantsByName = new Map<string, string | number>();

/** Returns the name of a parameter that carries a value of the entities' own, e.g. a discriminator: the same in every statement. */
export function constantParameter(value: string | number): string {
  const name = `${PREFIX}_${typeof value}_${hex(String(value))}`;
  constantsByName.set(name, value);
  return name;
}

/** Returns the value of such a parameter; undefined for any other parameter. */
export function constantOf(parameter: string): string | number | undefined {
  return constantsByName.get(parameter);
}

/** Checks whether the value of a parameter is given by enforcement, whatever the caller sets. */
export function isOwnParameter(parameter: string): boolean {
  return keysByName.has(parameter) || constantsByName.has(parameter);
}

/** The scope key whose value a parameter carries; undefined for any other parameter. */
export function scopeKeyOf(parameter: string): string | undefined {
  return keysByName.get(parameter);
}

/**
 * The value of a scope key as the driver takes it.
 *
 * @throws TenantScopeMissingError when no scope is in force
 */
export function scopeValue(key: string, scope: ValidScope | undefined, dialect: SqlDialect): ScopeValue {
  const value = scope?.values[key];
  if (value === undefined) throw new TenantScopeMissingError('a statement that was built in a scope');
  // MySQL compares a number with a string as floating point numbers; the others take a bigint as text only.
  return typeof value === 'bigint' && dialect !== 'mysql' ? String(value) : value;
}
