import type { Driver } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RawRow } from '../../orm/scoped-statement.js';
import { isPlainObject } from '../body/plain-object.js';
import { hideClassKeys, shownPlain } from '../response/class-keys.js';
import { hydrationOf, isInstant } from './hydration.js';
import type { Hydrate } from './hydration.js';
import type { JsonField } from './json-fields.js';
import type { SelectedEntity } from './selected-entity.js';

type Step = (target: Record<string, unknown>, row: RawRow) => void;
type Check = (row: RawRow) => boolean;

/**
 * Makes of rows what an answer holds, without entities in between: the same as an entity of the row would be shown as. Only for what
 * {@link compileJsonFields} has found to be that plain.
 */
export class JsonReader {
  /** Whether instants may come in the form that they have in JSON. */
  readonly takesJsonInstants: boolean;
  private readonly steps: readonly Step[];
  /** What has to hold of the values of a row for it to be the answer as it is; undefined where it never is. */
  private readonly asIs: readonly Check[] | undefined;

  constructor({ columns }: SelectedEntity, fields: readonly JsonField[], driver: Driver) {
    this.takesJsonInstants = columns.every(({ column }) => isIndifferent(column));
    const shown = fields.flatMap((field) => {
      const name = columns.find(({ column }) => column === field.column.metadata)?.name;
      return name === undefined ? [] : [{ ...field, name, hydrate: jsonHydrationOf(field.column.metadata, driver) }];
    });
    this.steps = shown.map(({ key, name, toJson, hydrate }): Step => {
      if (hydrate === undefined && toJson === undefined) return (target, row) => (target[key] = row[name]);
      const show = toJson ?? ((value) => value);
      return (target, row) => (target[key] = plain(show(hydrate === undefined ? row[name] : hydrate(row[name]))));
    });
    const checks = shown
      .filter(({ toJson, hydrate }) => hydrate !== undefined || toJson !== undefined)
      .map(({ name, toJson, column }): Check | undefined => {
        const isAsIs = toJson === undefined ? unhydrated(column.metadata) : undefined;
        return isAsIs && ((row) => row[name] === null || isAsIs(row[name]));
      });
    const areAlike = columns.length === shown.length && shown.every(({ key }, i) => key === columns[i].name);
    this.asIs = areAlike && checks.every((check) => check !== undefined) ? checks : undefined;
  }

  /** @param carryMore whether there is something in the rows besides the columns */
  readAll(rows: readonly RawRow[], carryMore: boolean): readonly object[] {
    const { asIs } = this;
    const areAnswer =
      asIs !== undefined && !carryMore && rows.every((row) => isPlainObject(row) && asIs.every((check) => check(row)));
    return areAnswer ? rows : rows.map((row) => this.read(row));
  }

  private read(row: RawRow): Record<string, unknown> {
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

/** Which of a driver's values TypeORM leaves as they are, of a column whose values it may change; undefined where that is not known. */
function unhydrated(column: ColumnMetadata): ((value: unknown) => boolean) | undefined {
  const { type, transformer, isVirtualProperty, isArray } = column;
  if (transformer !== undefined || isVirtualProperty || isArray) return undefined;
  if (isInstant(type)) return (value) => isJsonInstant(value) || value instanceof Date;
  if (type === Number) return Number.isSafeInteger;
  if (type === Boolean || type === 'boolean' || type === 'bool') return (value) => typeof value === 'boolean';
  return isEnumOfWords(column) ? (value) => typeof value === 'string' : undefined;
}

/** Words that read as numbers become numbers. */
function isEnumOfWords({ type, enum: words }: ColumnMetadata): boolean {
  const isEnum = type === 'enum' || type === 'simple-enum';
  return isEnum && words?.every((word) => typeof word === 'string' && Number.isNaN(Number(word))) === true;
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
