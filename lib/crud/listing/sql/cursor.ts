import { createHash } from 'node:crypto';
import type { SqlDialect } from '../../../orm/sql/tokenizer.js';
import { MAX_CURSOR_LENGTH } from '../../query/list-rules.js';
import { isNullable } from './order-by.js';
import type { SortTerm } from './order-by.js';

/** A position between two rows of an ordered list, where a page begins. */
export interface CursorPosition {
  readonly direction: 'forwards' | 'backwards';
  /** The values of the sort keys in the row at that position; null for a NULL column. */
  readonly values: readonly KeyValue[];
}

/** The value of a sort key in a cursor. */
export type KeyValue = string | number | boolean | null;

const VERSION = 1;
const SHAPE = /^[A-Za-z0-9_-]+$/;

/**
 * Identifies the list that a cursor belongs to, so that a cursor of another list is rejected.
 *
 * @param parts order and filters of the list, as JSON
 */
export function listFingerprint(...parts: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))
    .digest('base64url')
    .slice(0, 11);
}

/**
 * Encodes a cursor position. It is opaque to clients but not secret: whatever it contains, only rows of the current
 * scope are read.
 */
export function encodeCursor({ direction, values }: CursorPosition, fingerprint: string): string {
  return Buffer.from(JSON.stringify([VERSION, fingerprint, direction === 'forwards' ? 1 : 0, ...values])).toString(
    'base64url',
  );
}

/**
 * Decodes a cursor position.
 *
 * @returns undefined if the text is not a cursor of this list
 */
export function decodeCursor(text: string, fingerprint: string, keys: readonly SortTerm[]): CursorPosition | undefined {
  const content = text.length <= MAX_CURSOR_LENGTH && SHAPE.test(text) ? parseJson(text) : undefined;
  if (!Array.isArray(content) || content.length !== keys.length + 3) return undefined;
  const [version, list, forwards, ...values] = content as unknown[];
  if (version !== VERSION || list !== fingerprint || (forwards !== 0 && forwards !== 1)) return undefined;
  if (!keys.every((key, i) => fits(key, values[i]))) return undefined;
  return { direction: forwards === 1 ? 'forwards' : 'backwards', values: values as KeyValue[] };
}

/** Converts a sort key's database value for a cursor. */
export function keyValue(value: unknown): KeyValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return String(value);
  return value instanceof Date ? value.toISOString() : null;
}

/**
 * Returns the SQL that reads a sort key for a cursor. Some databases store more than the milliseconds of a JavaScript
 * Date. Such values are read as text, because a rounded value would repeat rows on the next page.
 */
export function cursorColumnSql(text: string, { field }: SortTerm, dialect: SqlDialect): string {
  const type = typeName(field.column.metadata.type);
  // MySQL prints only six digits of a FLOAT, which stores more.
  if (dialect === 'mysql' && /^float$/i.test(type)) return `(${text} + 0E0)`;
  if (dialect === 'sqlite' || !/date|time|year/i.test(type)) return text;
  return dialect === 'postgres' ? `CAST(${text} AS text)` : `CAST(${text} AS CHAR)`;
}

function fits(key: SortTerm, value: unknown): boolean {
  if (value === null) return isNullable(key);
  if (typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && !value.includes('\0');
}

function typeName(type: unknown): string {
  return typeof type === 'function' ? type.name : String(type);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
