import type { Driver } from 'typeorm';
import type { RawRow } from '../../orm/scoped-statement.js';
import { hideClassKeys, shownPlain } from '../response/class-keys.js';
import { hydrationOf } from './hydration.js';
import type { JsonField } from './json-fields.js';
import type { SelectedEntity } from './selected-entity.js';

type Step = (target: Record<string, unknown>, row: RawRow) => void;

/**
 * Makes of rows what an answer holds, without entities in between: the same as an entity of the row would be shown as. Only for what
 * {@link compileJsonFields} has found to be that plain.
 */
export class JsonReader {
  private readonly steps: readonly Step[];

  constructor({ columns }: SelectedEntity, fields: readonly JsonField[], driver: Driver) {
    this.steps = fields.flatMap(({ column, key, toJson }): Step[] => {
      const name = columns.find((selected) => selected.column === column.metadata)?.name;
      if (name === undefined) return [];
      const hydrate = hydrationOf(column.metadata, driver);
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

/** Objects are shown as class-transformer shows them. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return shownPlain(hideClassKeys(value) as object);
}
