import type { JsonSchema, JsonType } from '../../crud/column-types/json-schema.types.js';
import { typesOf } from './column-json-schema.js';

type Combine = (one: never, other: never) => unknown;

/** Combines keywords that both schemas have into one that is as strict as both. */
const COMBINED: ReadonlyMap<string, Combine> = new Map<string, Combine>([
  ...['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'].map((keyword): [string, Combine] => [
    keyword,
    Math.max as Combine,
  ]),
  ...['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'].map((keyword): [string, Combine] => [
    keyword,
    Math.min as Combine,
  ]),
  ['enum', (one: readonly unknown[], other: readonly unknown[]) => one.filter((value) => other.includes(value))],
  ['items', combineSchemas],
]);

/**
 * Returns the intersection of two schemas. If their types exclude each other, the second one wins, because application
 * code converts between them. It also wins for keywords that cannot be combined, such as two patterns.
 */
export function combineSchemas(one: JsonSchema, other: JsonSchema): JsonSchema {
  for (const [alternatives, opposite] of [
    [one, other],
    [other, one],
  ] as const) {
    const narrowed = alternatives.anyOf !== undefined && opposite.anyOf === undefined && narrow(alternatives, opposite);
    if (narrowed) return narrowed;
  }
  const types = commonTypes(typesOf(one), typesOf(other));
  if (types.length === 0 && typesOf(one).length > 0 && typesOf(other).length > 0) return other;
  const combined: Record<string, unknown> = { ...one, ...other };
  for (const [keyword, value] of Object.entries(one)) {
    const opposite = other[keyword as keyof JsonSchema];
    const join = COMBINED.get(keyword) as ((a: unknown, b: unknown) => unknown) | undefined;
    if (opposite !== undefined && join !== undefined) combined[keyword] = join(value, opposite);
  }
  if (types.length > 0) combined['type'] = types.length === 1 ? types[0] : types;
  return combined;
}

/**
 * Narrows alternatives to those that have a type of the opposite schema.
 *
 * @returns undefined if the opposite has no type, or excludes all of them
 */
function narrow({ anyOf = [], ...rest }: JsonSchema, opposite: JsonSchema): JsonSchema | undefined {
  const types = typesOf(opposite);
  const fitting = anyOf.filter((one) => commonTypes(typesOf(one), types).length > 0);
  if (types.length === 0 || fitting.length === 0) return undefined;
  const combined = fitting.map((one) => combineSchemas(one, opposite));
  return { ...rest, ...(combined.length === 1 ? combined[0] : { anyOf: combined }) };
}

/** Returns the types that both lists have; if one is empty, the other one. An integer is a number. */
function commonTypes(one: readonly JsonType[], other: readonly JsonType[]): readonly JsonType[] {
  if (one.length === 0 || other.length === 0) return one.length === 0 ? other : one;
  const narrower = (a: readonly JsonType[], b: readonly JsonType[]): JsonType[] =>
    a.filter((type) => b.includes(type) || (type === 'integer' && b.includes('number')));
  return [...new Set([...narrower(one, other), ...narrower(other, one)])];
}
