import { textual } from './column-type.js';
import type { ColumnType } from './column-type.js';

/** The character in JSON, not the six that spell it: those have a backslash more before them. */
const NUL = /(?<!\\)(?:\\\\)*\\u0000/;

/** Any JSON value. */
export const json: ColumnType = {
  description: 'a JSON value',
  schema: {},
  fromJson: (value) => {
    const text = toJson(value);
    // PostgreSQL's jsonb refuses the NUL character.
    return text === undefined || NUL.test(text) ? undefined : value;
  },
};

/** Lists of values of one type. */
export function listOf(element: ColumnType): ColumnType {
  const { toJson: show } = element;
  return {
    description: `a list, each element ${element.description}`,
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

/** A string that can be an element of a list which the database keeps in one text. */
const listElement = textual(
  'a string without commas',
  { comparability: 'equality', schema: { type: 'string', pattern: '^[^,]+$' } },
  (value) => (typeof value === 'string' && value !== '' && !/[,\0]/.test(value) ? value : undefined),
);

/** Strings that the database keeps in one text, separated by commas: a comma in one of them would make two of it. */
export const commaSeparated: ColumnType = {
  description: 'a list of strings without commas',
  comparability: 'list',
  element: listElement,
  schema: { type: 'array', items: { type: 'string' } },
  inputSchema: { type: 'array', items: { type: 'string', pattern: '^[^,]*$' } },
  fromJson: (value) => {
    if (!Array.isArray(value)) return undefined;
    return value.every((item) => typeof item === 'string' && !/[,\0]/.test(item)) ? value : undefined;
  },
};

/** Geometry, vectors and the like, whose form only the database knows. */
export const opaque: ColumnType = {
  description: 'a value of the type of its column',
  schema: {},
  fromJson: (value) => (typeof value === 'function' || typeof value === 'symbol' ? undefined : value),
};

/** Types that this library does not know, whose values are written as one string or number. */
export const unknownScalar: ColumnType = {
  description: 'a string or a number',
  schema: {},
  inputSchema: { type: ['string', 'number'] },
  fromJson: (value) =>
    (typeof value === 'string' && !value.includes('\0')) || typeof value === 'number' ? value : undefined,
};

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
