import type { Driver } from 'typeorm';
import type { ColumnMetadata } from '../../../common/peer-internals.js';
import type { RawRow } from '../../../orm/compiled-select.js';
import { isPlainObject } from '../../../common/is-plain-object.js';
import { serialize } from '../../response/class-conversion.js';
import { hydrationOf, isAlreadyHydrated, isTimestamp } from './column-hydration.js';
import type { Hydrate } from './column-hydration.js';
import type { JsonField } from '../../query/json-projection.js';
import type { SelectionNode } from './selection-tree.js';

type Step = (target: Record<string, unknown>, row: RawRow) => void;
type Check = (row: RawRow) => boolean;

/**
 * Converts rows to JSON objects without creating entities. The result equals the serialized entity. Only for the fields
 * of `compileJsonProjection`, which need no class-transformer.
 */
export class JsonHydrator {
  /** True if timestamps may be read as ISO strings. */
  readonly acceptsIsoStrings: boolean;
  private readonly steps: readonly Step[];
  /** The checks whether a row can be returned as it is; undefined if it never can. */
  private readonly passthroughChecks: readonly Check[] | undefined;

  constructor({ columns }: SelectionNode, fields: readonly JsonField[], driver: Driver) {
    this.acceptsIsoStrings = columns.every(({ column }) => isUntouched(column));
    const shown = fields.flatMap((field) => {
      const name = columns.find(({ column }) => column === field.column.metadata)?.name;
      return name === undefined ? [] : [{ ...field, name, hydrate: jsonHydrationOf(field.column.metadata, driver) }];
    });
    this.steps = shown.map((field): Step => {
      const { key, name } = field;
      const valueOf = jsonValueOf(field, driver);
      return (target, row) => (target[key] = valueOf(row[name]));
    });
    const checks = shown
      .filter(({ toJson, hydrate }) => hydrate !== undefined || toJson !== undefined)
      .map(({ name, toJson, column }): Check | undefined => {
        const isDone = toJson === undefined ? isAlreadyHydrated(column.metadata) : undefined;
        const mayBeJson = isTimestamp(column.metadata.type);
        return isDone && ((row) => row[name] === null || isDone(row[name]) || (mayBeJson && isJsonInstant(row[name])));
      });
    const hasSameKeys = columns.length === shown.length && shown.every(({ key }, i) => key === columns[i].name);
    this.passthroughChecks = hasSameKeys && checks.every((check) => check !== undefined) ? checks : undefined;
  }

  /** @param hasExtraColumns whether the rows contain additional columns */
  readAll(rows: readonly RawRow[], hasExtraColumns: boolean): readonly object[] {
    const { passthroughChecks } = this;
    const areSerializedRows =
      passthroughChecks !== undefined &&
      !hasExtraColumns &&
      rows.every((row) => isPlainObject(row) && passthroughChecks.every((check) => check(row)));
    return areSerializedRows ? rows : rows.map((row) => this.read(row));
  }

  private read(row: RawRow): Record<string, unknown> {
    const target: Record<string, unknown> = {};
    for (const step of this.steps) step(target, row);
    return target;
  }
}

/** Returns how a column's value in a row becomes the value that is serialized. */
export function jsonValueOf({ column, toJson }: JsonField, driver: Driver): Hydrate {
  const hydrate = jsonHydrationOf(column.metadata, driver);
  if (hydrate === undefined && toJson === undefined) return (value) => value;
  const show = toJson ?? ((value) => value);
  return (value) => plain(show(hydrate === undefined ? value : hydrate(value)));
}

function jsonHydrationOf(column: ColumnMetadata, driver: Driver): Hydrate | undefined {
  const hydrate = hydrationOf(column, driver);
  if (hydrate === undefined || !isTimestamp(column.type)) return hydrate;
  return (value) => (isJsonInstant(value) ? value : hydrate(value));
}

/**
 * Checks that no transformer or virtual column changes this column, so that timestamps may be read as ISO strings. True
 * for other types too, except dates and times.
 */
function isUntouched({ type, transformer, isVirtualProperty }: ColumnMetadata): boolean {
  return transformer === undefined && !isVirtualProperty && (isTimestamp(type) || !/^(?:date|time)/.test(String(type)));
}

/** Serializes objects, such as those of JSON columns. */
function plain(value: unknown): unknown {
  return typeof value !== 'object' || value === null || value instanceof Date ? value : serialize(value);
}

/** Checks for an ISO timestamp, as CompiledSelect returns it. */
function isJsonInstant(value: unknown): boolean {
  return typeof value === 'string' && value.length === 24 && value[10] === 'T' && value[23] === 'Z';
}
