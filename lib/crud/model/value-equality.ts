import type { ColumnType } from '../column-types/column-type.js';

/** Compares two values of a column, in any form that drivers or clients use. */
export function isSameValue(type: ColumnType, one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (one === null || one === undefined || other === null || other === undefined) return false;
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime();
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0;
  // In JSON, `1` and `"1"` are different; types without comparability are treated as JSON.
  const isJson = type.comparability === undefined || typeof one === 'object' || typeof other === 'object';
  if (isJson) return JSON.stringify(shown(type, one)) === JSON.stringify(shown(type, other));
  return isText(one) && isText(other) && String(one) === String(other);
}

function shown({ toJson }: ColumnType, value: unknown): unknown {
  return toJson === undefined ? value : toJson(value);
}

/** 64-bit integers are strings or numbers, depending on the driver. */
function isText(value: unknown): value is string | number | bigint | boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}
