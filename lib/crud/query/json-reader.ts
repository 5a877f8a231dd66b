import type { Driver } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RawRow } from '../../orm/scoped-statement.js';
import { hideClassKeys, shownPlain } from '../response/class-keys.js';
import { hydrationOf, isInstant } from './hydration.js';
import type { Hydrate } from './hydration.js';
import type { JsonField } from './json-fields.js';
import type { SelectedEntity } from './selected-entity.js';

type Step = (target: Record<string, unknown>, row: RawRow) => void;

/**
 * Makes of rows what an answer holds, without entities in between: the same as an entity of the row would be shown as. Only for what
 * {@link compileJsonFields} has found to be that plain.
 */
export class JsonReader {
  /** Whether instants may come in the form that they have in JSON. */
  readonly takesJsonInstants: boolean;
  private readonly steps: readonly Step[];

  constructor({ columns }: SelectedEntity, fields: readonly JsonField[], driver: Driver) {
    this.takesJsonInstants = columns.every(({ column }) => isIndifferent(column));
    this.steps = fields.flatMap(({ column, key, toJson }): Step[] => {
      const name = columns.find((selected) => selected.column === column.metadata)?.name;
      if (name === undefined) return [];
      const hydrate = jsonHydrationOf(column.metadata, driver);
      if (hydrate === undefined && toJson === undefined) return [(target, row) => (target[key] = row[name])];
      const show = toJson ?? ((value) => value);
      return [(target, row) => (target[key] = plain(show(hydrate === undefined ? row[name] : hydrate(row[name]))))];
    });
  }

  read(row: RawRow): Record<string, unknown> {
    const target: Record<string, unknown> = {};
    for (const step of this.steps) step(target, row);
    return target;
  }
}

function jsonHydrationOf(column: ColumnMetadata, driver: Driver): Hydrate | undefined {
  const hydrate = hydrationOf(column, driver);
  if (hydrate === undefined || !isInstant(column.type)) return hydrate;
  return (value) => (isJsonInstant(value) ? value : hydrate(value));
}

/** Whether nothing makes something else of a column's instant, be it that it holds none. */
function isIndifferent({ type, transformer, isVirtualProperty }: ColumnMetadata): boolean {
  return transformer === undefined && !isVirtualProperty && (isInstant(type) || !/^(?:date|time)/.test(String(type)));
}

/** Objects are shown as class-transformer shows them. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return shownPlain(hideClassKeys(value) as object);
}

/** Whether a value is an instant in the form that it has in JSON: ScopedStatement gives it so. */
function isJsonInstant(value: unknown): boolean {
  return typeof value === 'string' && value.length === 24 && value[10] === 'T' && value[23] === 'Z';
}
