import type { ValueTransformer } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { ApplyValueTransformers } from 'typeorm/util/ApplyValueTransformers.js';
import { dateTime } from './date-types.js';
import { declaredTypeOf } from './declared-type.js';
import { float } from './number-types.js';
import { opaque } from './structured-types.js';
import { boolean, text } from './text-types.js';
import type { ColumnType } from './column-type.js';

const DECLARED: ReadonlyMap<unknown, ColumnType> = new Map<unknown, ColumnType>([
  [String, text()],
  [Number, float(64)],
  [Boolean, boolean],
  [Date, dateTime()],
]);

/**
 * Values of a column with a transformer. An entity holds something else than the database: what fits is what the
 * property is declared as in TypeScript, as far as that is one plain type, and what the transformer makes something of
 * that the column can store.
 */
export function transformed(
  column: ColumnMetadata,
  transformer: ValueTransformer | ValueTransformer[],
  stored: ColumnType,
): ColumnType {
  const declared = DECLARED.get(declaredTypeOf(column)) ?? opaque;
  const fits = (value: unknown): boolean => {
    const database = transform(transformer, value);
    if (database === null || stored.fromJson(database) !== undefined) return true;
    return typeof database === 'string' && stored.fromText?.(database) !== undefined;
  };
  const checked = (value: unknown): unknown => (value !== undefined && fits(value) ? value : undefined);
  const { description, schema, fromText } = declared;
  // TypeScript declares `Date | null` as Object. What the transformer takes decides then: the value as it came, as the
  // column reads it, or as an instant.
  const candidates = declared === opaque ? [opaque, stored, dateTime()] : [declared];
  const read = (value: unknown): unknown => {
    for (const candidate of candidates) {
      const taken = checked(candidate.fromJson(value));
      if (taken !== undefined) return taken;
    }
    return undefined;
  };
  return {
    description,
    schema,
    fromJson: read,
    // What the database compares is what the transformer has made: its order may be another one.
    ...(fromText !== undefined &&
      stored.fromText !== undefined && { comparability: 'equality', fromText: (value) => checked(fromText(value)) }),
  };
}

/** @returns undefined for what the transformer cannot take */
function transform(transformer: ValueTransformer | ValueTransformer[], value: unknown): unknown {
  try {
    return ApplyValueTransformers.transformTo(transformer, value);
  } catch {
    return undefined;
  }
}
