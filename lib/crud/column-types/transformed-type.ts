import type { ValueTransformer } from 'typeorm';
import { ApplyValueTransformers } from '../../common/peer-internals.js';
import type { ColumnMetadata } from '../../common/peer-internals.js';
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
 * Returns the type of a column with a transformer, whose entity values differ from its database values. A value fits if
 * it has the property's TypeScript type, if that is known. The transformer must also convert it to a value that the
 * column accepts.
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
  const { description, schema, operandSchema, fromText } = declared;
  // TypeScript emits Object for `Date | null`. Then the value is tried as it is, as parsed by the column type, and as a
  // timestamp.
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
    ...(stored.isCheckedByDatabase && { isCheckedByDatabase: true }),
    ...(operandSchema !== undefined && { operandSchema }),
    fromJson: read,
    // The database compares the transformed values, whose order may differ; so only equality is supported.
    ...(fromText !== undefined &&
      stored.fromText !== undefined && { comparability: 'equality', fromText: (value) => checked(fromText(value)) }),
  };
}

/** @returns undefined if the transformer throws */
function transform(transformer: ValueTransformer | ValueTransformer[], value: unknown): unknown {
  try {
    return ApplyValueTransformers.transformTo(transformer, value);
  } catch {
    return undefined;
  }
}
