import type { Driver } from 'typeorm';
import type { ColumnDescription } from '../../../orm/execution/postgres-query.js';
import { isoTimestamp } from '../../../orm/execution/postgres-timestamps.js';
import type { TypeParser, TypeParsers } from '../../../orm/execution/postgres-timestamps.js';
import type { JsonField } from '../../query/json-projection.js';
import { hydrationOf, isAlreadyHydrated } from './column-hydration.js';
import { jsonValueOf } from './json-hydrator.js';

/**
 * Writes the text that PostgreSQL sends for a column as JSON.
 *
 * @returns undefined if the value is not in the response, as `JSON.stringify`
 */
export type WriteColumn = (text: string | null) => string | undefined;

/** How values of some types are written without being parsed. */
interface Notation {
  readonly write: (text: string) => string | undefined;
  /** Texts and their values as the driver parses them by default. */
  readonly samples: readonly (readonly [text: string, value: unknown])[];
}

const int: Notation = {
  write: (text) => text,
  samples: [
    ['-2147483648', -2147483648],
    ['7', 7],
  ],
};
const digits: Notation = {
  write: (text) => `"${text}"`,
  samples: ['-9223372036854775808', '7', '0'].map((text) => [text, text] as const),
};

/** The notations by the OID of a type. */
const NOTATIONS: ReadonlyMap<number, Notation> = new Map<number, Notation>([
  [
    16,
    {
      write: (text) => (text === 't' ? 'true' : 'false'),
      samples: [
        ['t', true],
        ['f', false],
      ],
    },
  ],
  [20, digits],
  [
    21,
    {
      ...int,
      samples: [
        ['-32768', -32768],
        ['7', 7],
      ],
    },
  ],
  [23, int],
  [1700, { ...digits, samples: [...digits.samples, ['1.50', '1.50'], ['NaN', 'NaN']] }],
]);

/** The OID of `timestamp with time zone`. */
const TIMESTAMPTZ = 1184;
/** An OID that no type has: its parser leaves texts as they are. */
const NO_TYPE = 0;

/** Returns how a column is written whose values the response shows without change. */
export function columnWriter(
  field: JsonField,
  { dataTypeID, format }: ColumnDescription,
  types: TypeParsers,
  driver: Driver,
): WriteColumn {
  const parser = types.getTypeParser(dataTypeID, format);
  const valueOf = jsonValueOf(field, driver);
  const writeValue: WriteColumn = (text) => stringify(valueOf(text === null ? null : parser(text)));
  if (format !== 'text') return writeValue;
  const write = plainWriter(field, dataTypeID, types, parser, driver);
  if (write === undefined) return writeValue;
  const writesNull = leavesUnchanged(field, driver, null);
  return (text) => (text === null ? (writesNull ? 'null' : writeValue(null)) : (write(text) ?? writeValue(text)));
}

/** @returns undefined if the values must be parsed */
function plainWriter(
  field: JsonField,
  type: number,
  types: TypeParsers,
  parser: TypeParser,
  driver: Driver,
): Notation['write'] | undefined {
  const notation = NOTATIONS.get(type);
  if (notation !== undefined) {
    const isPlain = notation.samples.every(
      ([text, value]) => parser(text) === value && leavesUnchanged(field, driver, value),
    );
    return isPlain ? notation.write : undefined;
  }
  if (field.toJson !== undefined) return undefined;
  if (type === TIMESTAMPTZ) {
    const toIso = isoTimestamp(parser);
    if (toIso === undefined || !leavesUnchanged(field, driver, new Date(0))) return undefined;
    return (text) => {
      const iso = toIso(text);
      return iso === undefined ? undefined : `"${iso}"`;
    };
  }
  const isText = parser === types.getTypeParser(NO_TYPE, 'text');
  return isText && leavesUnchanged(field, driver, 'text') ? quote : undefined;
}

/** Checks that the response contains a value of this kind as the driver parses it. */
function leavesUnchanged({ column, toJson }: JsonField, driver: Driver, value: unknown): boolean {
  const isHydrated =
    hydrationOf(column.metadata, driver) === undefined ||
    (value === null ? column.metadata.transformer === undefined : isAlreadyHydrated(column.metadata)?.(value) === true);
  return isHydrated && (toJson === undefined || toJson(value) === value);
}

/** Matches the characters that JSON escapes. Texts of PostgreSQL have no lone surrogates. */
// eslint-disable-next-line no-control-regex -- these are the characters that are meant
const ESCAPED = /["\\\u0000-\u001f]/;

function quote(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function stringify(value: unknown): string | undefined {
  // The declared type lacks undefined.
  return JSON.stringify(value);
}
