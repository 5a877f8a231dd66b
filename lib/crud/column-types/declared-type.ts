import type { ColumnMetadata } from '../../common/peer-internals.js';
import type { SqlDialect } from '../../orm/sql/tokenizer.js';
import { dateTime } from './date-types.js';
import { float } from './number-types.js';
import { unknownScalar } from './structured-types.js';
import { boolean, text } from './text-types.js';
import type { ColumnType } from './column-type.js';

/**
 * Returns the type of a column without a declared database type, e.g. of a view: the property's type in TypeScript.
 * TypeORM's drivers do not convert such values, so `toJson` does it.
 */
export function declaredValue(column: ColumnMetadata, dialect: SqlDialect): ColumnType {
  switch (declaredTypeOf(column)) {
    case String:
      return text();
    case Number:
      return {
        ...float(64),
        toJson: (value) => (typeof value === 'string' && isNumber(value) ? Number(value) : value),
      };
    case Boolean:
      return { ...boolean, toJson: (value) => (value === 1 || value === 0 ? value === 1 : value) };
    case Date:
      return dialect === 'sqlite' ? textOfInstant : dateTime();
    default:
      return unknownScalar;
  }
}

/** Returns the type of a property in TypeScript; undefined if the entity has no class, Object for a union. */
export function declaredTypeOf({ target, propertyName }: ColumnMetadata): unknown {
  return typeof target === 'function'
    ? Reflect.getMetadata('design:type', target.prototype as object, propertyName)
    : undefined;
}

function isNumber(value: string): boolean {
  return value.trim() !== '' && Number.isFinite(Number(value));
}

const instant = dateTime();
const STORED = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)$/;

/** SQLite stores timestamps as text, in TypeORM's format. */
const textOfInstant: ColumnType = {
  ...instant,
  fromJson: asStored,
  fromText: asStored,
  toJson: (value) => {
    const [, day, clock] = (typeof value === 'string' && STORED.exec(value)) || [];
    return day === undefined ? value : new Date(`${day}T${clock}Z`).toISOString();
  },
};

function asStored(value: unknown): string | undefined {
  if (typeof value === 'string' && STORED.test(value)) return value;
  const date = instant.fromJson(value);
  return date instanceof Date ? date.toISOString().replace('T', ' ').slice(0, -1) : undefined;
}
