import type { FilterInput } from './filters.js';

/** A filter as the server reads it: without undefined, null and dates. */
export type FilterObject = Readonly<Record<string, unknown>>;

/**
 * Returns the value of the query parameter `filters`.
 *
 * @param filters an object of conditions, or a builder
 * @returns JSON; `{}`, which matches all rows, if there is no condition
 * @example
 * toFilters<Ticket>({ status: 'open', $or: [{ priority: 'urgent' }, { assigneeId: null }] });
 */
export function toFilters<Row>(filters: FilterInput<Row>): string {
  return JSON.stringify(toFilterObject(filters));
}

/** Converts a filter to the format of the server. */
export function toFilterObject(filters: object): FilterObject {
  const entries = Object.entries(resolved(filters)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => toPart(key, value)));
}

/** Joins filters, which are ANDed, to one. Keys that several of them have need a group. */
export function joinFilters(filters: readonly FilterObject[]): FilterObject {
  const parts = filters.filter((filter) => Object.keys(filter).length > 0);
  const keys = parts.flatMap((part) => Object.keys(part));
  return new Set(keys).size === keys.length
    ? Object.fromEntries(parts.flatMap((part) => Object.entries(part)))
    : { $and: parts };
}

function toPart(key: string, value: unknown): [string, unknown] {
  if (key === '$and' || key === '$or') return [key, Array.isArray(value) ? value.map(toGroup) : value];
  if (key === '$not') return [key, toGroup(value)];
  if (value === null) return nullCheck(key);
  return [key, Array.isArray(value) ? value.map(toOperand) : toOperand(value)];
}

function toGroup(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? toFilterObject(value) : value;
}

function nullCheck(key: string): [string, boolean] {
  return key.endsWith('__ne') ? [`${key.slice(0, -'__ne'.length)}__is_null`, false] : [`${key}__is_null`, true];
}

/** Converts an operand to JSON: dates to texts in UTC, and 64-bit integers to texts, as responses have them. */
function toOperand(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'bigint' ? String(value) : value;
}

/** Returns the filter of a builder, or the filter itself. */
function resolved(filters: object): object {
  const { toJSON } = filters as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON.call(filters) as object) : filters;
}
