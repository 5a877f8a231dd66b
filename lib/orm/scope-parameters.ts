import { randomBytes } from 'node:crypto';
import { TenantScopeMissingError } from '../exceptions/tenant-scope-missing.error.js';
import type { CheckedScope, ScopeValue } from '../tenancy/tenant-scope.js';
import type { SqlDialect } from './sql/tokens.js';

/*
 * Names of the parameters that carry the scope's values. The random part keeps application code, and whoever feeds it, from writing
 * the name into a fragment or setting the parameter; no SQL type or property is called so either.
 */
const PREFIX = `muck${randomBytes(8).toString('hex')}`;

/** The name of the parameter that carries a scope key's value. */
export function scopeParameter(key: string): string {
  return `${PREFIX}_${Buffer.from(key).toString('hex')}`;
}

/** The scope key whose value a parameter carries; undefined for any other parameter. */
export function scopeKeyOf(parameter: string): string | undefined {
  return parameter.startsWith(`${PREFIX}_`)
    ? Buffer.from(parameter.slice(PREFIX.length + 1), 'hex').toString()
    : undefined;
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
