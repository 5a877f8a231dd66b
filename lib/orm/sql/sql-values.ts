import { StatementRefusedError } from '../../errors/statement-refused.error.js';

/** Throws if a value has a `toSqlString()` method, whose result the MySQL drivers paste into the statement. */
export function refuseTextValues(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  if (typeof (value as { toSqlString?: unknown }).toSqlString === 'function') {
    throw new StatementRefusedError('a value has a toSqlString() method, which returns SQL', 'Pass a plain value.');
  }
  if (value instanceof Date || ArrayBuffer.isView(value)) return;
  if (depth > 8) {
    // Beyond this depth, the drivers recurse into lists only.
    if (!Array.isArray(value) && !(value instanceof Set)) return;
    throw new StatementRefusedError('a value is an array nested too deeply', 'Pass a plain value.');
  }
  const parts: readonly unknown[] =
    value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
  for (const part of parts) refuseTextValues(part, depth + 1);
}
