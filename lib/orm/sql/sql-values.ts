import { StatementRefusedError } from '../../errors/statement-refused.error.js';

/** The MySQL drivers paste what `toSqlString()` gives into the statement. */
export function refuseTextValues(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  if (typeof (value as { toSqlString?: unknown }).toSqlString === 'function') {
    throw new StatementRefusedError('a value brings SQL of its own', 'Give a plain value.');
  }
  if (value instanceof Date || ArrayBuffer.isView(value)) return;
  if (depth > 8) {
    // The drivers go on into lists, and only into these.
    if (!Array.isArray(value) && !(value instanceof Set)) return;
    throw new StatementRefusedError('a value is a list in too many others', 'Give a plain value.');
  }
  const parts: readonly unknown[] =
    value instanceof Map || value instanceof Set ? [...value.values()] : Object.values(value);
  for (const part of parts) refuseTextValues(part, depth + 1);
}
