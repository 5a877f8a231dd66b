import { randomBytes } from 'node:crypto';
import { TenantScopeMissingError } from '../exceptions/tenant-scope-missing.error.js';
import type { CheckedScope, ScopeValue } from '../tenancy/tenant-scope.js';
import type { SqlDialect } from './sql/tokens.js';

/*
 * Names of the parameters that carry the scope's values. The random part keeps application code, and whoever feeds it, from writing
 * the name into a fragment or setting the parameter; no SQL type or property is called so either.
 */
const PREFIX = `muck${randomBytes(8).toString('hex')}`;

const namesByKey = new Map<string, string>();
const keysByName = new Map<string, string>();

/** The name of the parameter that carries a scope key's value. */
export function scopeParameter(key: string): string {
  let name = namesByKey.get(key);
  if (name === undefined) {
    name = `${PREFIX}_${Buffer.from(key).toString('hex')}`;
    namesByKey.set(key, name);
    keysByName.set(name, key);
  }
  return name;
}

const constantsByName = new Map<string, string | number>();

/** Returns the name of a parameter that carries a value of the entities' own, e.g. a discriminator: the same in every statement. */
export function constantParameter(value: string | number): string {
  const name = `${PREFIX}_${typeof value}_${Buffer.from(String(value)).toString('hex')}`;
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
export function scopeValue(key: string, scope: CheckedScope | undefined, dialect: SqlDialect): ScopeValue {
  const value = scope?.values[key];
  if (value === undefined) throw new TenantScopeMissingError('a statement that was built in a scope');
  // MySQL compares a number with a string as floating point numbers; the others take a bigint as text only.
  return typeof value === 'bigint' && dialect !== 'mysql' ? String(value) : value;
}
