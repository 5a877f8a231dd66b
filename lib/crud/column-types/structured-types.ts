import { textual } from './column-type.js';
import type { ColumnType } from './column-type.js';
import { hasUnstorableText, unstorableText } from './unstorable-text.js';

/** Matches an escaped NUL character in JSON, but not an escaped backslash followed by `u0000`. */
const NUL = /(?<!\\)(?:\\\\)*\\u0000/;

export const json: ColumnType = {
  description: 'a JSON value',
  schema: {},
  fromJson: (value) => {
    const text = toJson(value);
    // PostgreSQL's jsonb rejects the NUL character.
    return text === undefined || NUL.test(text) ? undefined : value;
  },
};

/** Like {@link json}; PostgreSQL's jsonb also rejects a surrogate without its pair. */
export const binaryJson: ColumnType = {
  ...json,
  fromJson: (value) => (unstorableText(value) === undefined ? json.fromJson(value) : undefined),
};

/** Returns a type for lists of values of one type. */
export function listOf(element: ColumnType): ColumnType {
  const { toJson: show } = element;
  return {
    description: `a list, each element ${element.description}`,
    ...(element.isCheckedByDatabase && { isCheckedByDatabase: true }),
    ...(element.comparability !== undefined && { comparability: 'list', element }),
    schema: { type: 'array', items: element.schema },
    inputSchema: { type: 'array', items: element.inputSchema ?? element.schema },
    fromJson: (value) => {
      if (!Array.isArray(value)) return undefined;
      const elements = value.map((item) => element.fromJson(item));
      return elements.includes(undefined) ? undefined : elements;
    },
    ...(show !== undefined && {
      toJson: (value) => (Array.isArray(value) ? value.map((item) => (item === null ? null : show(item))) : value),
    }),
  };
}

/** An element of a `simple-array`, for comparisons. */
const listElement = textual(
  'a string without commas',
  { comparability: 'equality', schema: { type: 'string', pattern: '^[^,]+$' } },
  (value) =>
    typeof value === 'string' && value !== '' && !value.includes(',') && !hasUnstorableText(value) ? value : undefined,
);

/**
 * Lists of strings that the database stores as one comma-separated text. A comma within a string would split it in two.
 */
export const commaSeparated: ColumnType = {
  description: 'a list of strings without commas',
  comparability: 'list',
  element: listElement,
  schema: { type: 'array', items: { type: 'string' } },
  inputSchema: { type: 'array', items: { type: 'string', pattern: '^[^,]*$' } },
  fromJson: (value) => {
    if (!Array.isArray(value)) return undefined;
    return value.every((item) => typeof item === 'string' && !item.includes(',') && !hasUnstorableText(item))
      ? value
      : undefined;
  },
};

/** Geometry, vectors and similar types, whose format only the database knows. */
export const opaque: ColumnType = {
  description: 'a value of the type of its column',
  isCheckedByDatabase: true,
  schema: {},
  fromJson: (value) =>
    typeof value === 'function' || typeof value === 'symbol' || unstorableText(value) !== undefined ? undefined : value,
};

/** Unknown column types, whose values are written as a string or a number. */
export const unknownScalar: ColumnType = {
  description: 'a string or a number',
  isCheckedByDatabase: true,
  schema: {},
  inputSchema: { type: ['string', 'number'] },
  fromJson: (value) =>
    (typeof value === 'string' && !hasUnstorableText(value)) || typeof value === 'number' ? value : undefined,
};

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
