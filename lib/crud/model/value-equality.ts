import type { ColumnType } from '../column-types/column-type.js';

/** Whether two values of a column mean the same, whatever form a driver or a client gave them. */
export function isSameValue(type: ColumnType, one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (one === null || one === undefined || other === null || other === undefined) return false;
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime();
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0;
  // In JSON `1` and `"1"` are two values; what cannot be compared in a query is such a value.
  const isJson = type.comparability === undefined || typeof one === 'object' || typeof other === 'object';
  if (isJson) return JSON.stringify(shown(type, one)) === JSON.stringify(shown(type, other));
  return isText(one) && isText(other) && String(one) === String(other);
}

function shown({ toJson }: ColumnType, value: unknown): unknown {
  return toJson === undefined ? value : toJson(value);
}

/** A number of 64 bits is a string here and a number there. */
function isText(value: unknown): value is string | number | bigint | boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}
