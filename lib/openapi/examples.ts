import type { JsonSchema } from '../crud/column-types/json-schema.types.js';
import { typesOf } from './schemas/column-json-schema.js';

/** Examples of texts by format. */
const TEXTS: ReadonlyMap<string | undefined, string> = new Map([
  ['date-time', '2026-01-31T12:00:00Z'],
  ['date', '2026-01-31'],
  ['uuid', '6f1e2f0a-3a5b-4c1d-8e9f-0a1b2c3d4e5f'],
  ['email', 'ada@example.com'],
  ['uri', 'https://example.com'],
  ['hostname', 'example.com'],
  ['ipv4', '192.0.2.1'],
  ['ipv6', '2001:db8::1'],
  ['decimal', '1.50'],
  ['int64', '1'],
  ['uint64', '1'],
]);
/** Texts to try for a pattern. */
const SPECIMENS = ['text', '1', '12:00:00', '2026-01-31T12:00:00Z', 'abc', 'ABC', 'a1'];

/** Makes examples from the schemas of a document. They contain no data. */
export class Examples {
  /** @param resolve returns the schema of a reference */
  constructor(private readonly resolve: (schema: JsonSchema) => JsonSchema) {}

  /**
   * Returns a value that fits a schema, the declared example if it has one.
   *
   * @returns undefined if none is known, e.g. for an unusual pattern
   */
  of(given: JsonSchema): unknown {
    const schema = given.$ref === undefined ? given : { ...this.resolve(given), ...given };
    const { examples, default: initial, enum: members, anyOf, const: constant } = schema;
    if (examples !== undefined) return examples[0];
    const [known] = [initial, constant, members?.[0]].filter((value) => value !== undefined);
    if (known !== undefined) return known;
    if (anyOf !== undefined) return anyOf.map((one) => this.of(one)).find((value) => value !== undefined);
    const [type] = typesOf(schema);
    switch (type) {
      case 'string':
        return textFor(schema);
      case 'integer':
      case 'number':
        return numberFor(schema);
      case 'boolean':
        return true;
      case 'null':
        return null;
      case 'array':
        return this.list(schema);
      case 'object':
        return this.object(schema);
      case undefined:
        return undefined;
    }
  }

  /** Returns an example of a body: the required properties, and the optional ones of which an example is known. */
  object({ properties = {}, required = [] }: JsonSchema): Readonly<Record<string, unknown>> | undefined {
    const values = Object.entries(properties)
      .filter(([, { readOnly }]) => readOnly !== true)
      .map(([key, schema]) => [key, this.of(schema)] as const);
    if (values.some(([key, value]) => value === undefined && required.includes(key))) return undefined;
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  }

  private list({ items = {}, minItems = 0 }: JsonSchema): readonly unknown[] | undefined {
    const item = minItems > 0 ? this.of(items) : undefined;
    return minItems > 0 && item === undefined ? undefined : Array.from({ length: minItems }, () => item);
  }
}

function textFor({ format, pattern, minLength = 0, maxLength, contentEncoding }: JsonSchema): string | undefined {
  const known = contentEncoding === 'base64' ? 'QUJD' : TEXTS.get(format);
  const fits = (text: string): boolean => pattern === undefined || new RegExp(pattern, 'u').test(text);
  const text = [...(known === undefined ? [] : [known]), ...SPECIMENS].find(fits);
  if (text === undefined) return undefined;
  const sized = format === undefined && pattern === undefined ? text.padEnd(minLength, '.') : text;
  if (sized.length <= (maxLength ?? sized.length)) return sized;
  return pattern === undefined ? sized.slice(0, maxLength) : undefined;
}

function numberFor(schema: JsonSchema): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf = 1 } = schema;
  const least = minimum ?? (exclusiveMinimum === undefined ? multipleOf : exclusiveMinimum + multipleOf);
  const most = maximum ?? (exclusiveMaximum === undefined ? multipleOf : exclusiveMaximum - multipleOf);
  return Math.min(Math.max(multipleOf, least), Math.max(most, least));
}

/** How much the unique values of an example differ from those of the example of `create`. */
const STEPS: ReadonlyMap<string, number> = new Map([
  ['createMany', 1],
  ['replace', 2],
  ['update', 3],
]);

/**
 * Returns the example of a body for a route: with unique values of its own, so that a reader may send one example after
 * another, and for `update` with one property.
 */
export function distinctExample(
  row: Readonly<Record<string, unknown>>,
  route: string,
  unique: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  const step = STEPS.get(route) ?? 0;
  const entries = Object.entries(row).map(([key, value]): [string, unknown] => [
    key,
    unique.has(key) && step > 0 ? next(value, step) : value,
  ]);
  if (route !== 'update') return Object.fromEntries(entries);
  const changed = entries.find(([key]) => !unique.has(key)) ?? entries[0];
  return changed === undefined ? {} : Object.fromEntries([changed]);
}

function next(value: unknown, step: number): unknown {
  if (typeof value === 'number') return value + step;
  return typeof value === 'string' && /^[\p{L} ]+$/u.test(value) ? `${value} ${step + 1}` : value;
}
