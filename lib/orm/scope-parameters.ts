import { randomBytes } from 'node:crypto';
import type { ObjectLiteral } from 'typeorm';
import { TenantScopeMissingError } from '../exceptions/tenant-scope-missing.error.js';
import type { CheckedScope } from '../tenancy/tenant-scope.js';
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

/**
 * Sets the scope's values among a statement's parameters, over whatever stands there under these names.
 *
 * @param sql the statement, with named parameters
 * @throws TenantScopeMissingError when the statement needs a scope and none is in force
 */
export function withScopeParameters(
  sql: string,
  parameters: ObjectLiteral,
  scope: CheckedScope | undefined,
  dialect: SqlDialect,
): ObjectLiteral {
  if (!sql.includes(PREFIX)) return parameters;
  if (scope === undefined) throw new TenantScopeMissingError('a statement that was built in a scope');
  const complete: ObjectLiteral = { ...parameters };
  for (const [key, value] of Object.entries(scope.values)) {
    // MySQL compares a number with a string as floating point numbers; the others take a bigint as text only.
    complete[scopeParameter(key)] = typeof value === 'bigint' && dialect !== 'mysql' ? String(value) : value;
  }
  return complete;
}
