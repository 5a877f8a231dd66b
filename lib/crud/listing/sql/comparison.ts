import type { SqlDialect } from '../../../orm/sql/tokenizer.js';
import type { ResourceColumn } from '../../model/resource-column.js';
import type { Comparison } from '../../query/filter-ast.js';
import { operandKind } from '../../query/operators.js';
import type { Operator } from '../../options/filter-operators.js';
import type { ComparisonContext } from './comparison-context.js';
import { instantKey, instantSql, instantValues } from './instant-comparison.js';

/** Escapes a literal wildcard. A backslash would need different quoting on every database. */
const ESCAPE = '!';

/**
 * Returns the values of a comparison for the driver, one per placeholder. PostgreSQL takes a list as one value. For
 * other databases the list is padded to a power of two with its last value, so that lists of different lengths share
 * statements.
 */
export function comparisonValues(comparison: Comparison, dialect: SqlDialect): unknown[] {
  const { field, operator, operand } = comparison;
  if (isOfInstant(comparison))
    return instantValues(instantsOf(comparison), operator, dialect, (value) => stored(field.column, value));
  switch (operandKind(field.column.type, operator)) {
    case 'value':
      return [stored(field.column, operand)];
    case 'list': {
      const values = (operand as unknown[]).map((value) => stored(field.column, value));
      return dialect === 'postgres' && values.length > 0 ? [values] : padToPowerOfTwo(values);
    }
    case 'range':
      return (operand as unknown[]).map((value) => stored(field.column, value));
    case 'nullCheck':
      return [];
    case 'substring':
      return [likePattern(operator, operand as string, dialect)];
    case 'element':
      return [operand];
  }
}

/** Returns the parts of a comparison that change the statement's text, i.e. all but the values. */
export function comparisonCacheKey(comparison: Comparison, dialect: SqlDialect): string {
  const { field, operator, operand } = comparison;
  if (isOfInstant(comparison)) return `${field.path}__${operator}${instantKey(instantsOf(comparison))}`;
  const length = Array.isArray(operand) ? lengthShape(operand, dialect) : '';
  return `${field.path}__${operator}${operator === 'is_null' ? String(operand) : length}`;
}

/** Checks for a comparison with points in time. */
function isOfInstant({ field, operator }: Comparison): boolean {
  return field.column.type.isInstant === true && operator !== 'is_null';
}

/** Returns the operands: a list is padded, so that lists of different lengths share statements. */
function instantsOf({ operator, operand }: Comparison): (Date | string)[] {
  if (operator === 'in' || operator === 'not_in') return padToPowerOfTwo(operand as unknown[]) as (Date | string)[];
  return [operand].flat() as (Date | string)[];
}

/** The text depends on whether a list is empty, and on its number of placeholders. */
function lengthShape(list: readonly unknown[], dialect: SqlDialect): string {
  return list.length > 0 && dialect === 'postgres' ? 'some' : String(padToPowerOfTwo(list).length);
}

const SIGNS: Partial<Record<Operator, string>> = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' };

/** Returns the SQL of a comparison. A NULL column matches only `is_null`. */
export function comparisonSql(comparison: Comparison, place: ComparisonContext): string {
  const { operator, operand } = comparison;
  if (isOfInstant(comparison)) return instantSql(instantsOf(comparison), operator, place);
  const { text, column, dialect, slots } = place;
  switch (operandKind(column.type, operator)) {
    case 'value':
      return `${text} ${SIGNS[operator]!} ${castParameter(place, slots[0])}`;
    case 'list':
      return operator === 'in' ? inSql(place) : notInSql(place);
    case 'range':
      return `${text} BETWEEN ${castParameter(place, slots[0])} AND ${castParameter(place, slots[1])}`;
    case 'nullCheck':
      return `${text} IS ${operand === true ? '' : 'NOT '}NULL`;
    case 'substring':
      return likeSql(operator, text, slots[0], dialect);
    case 'element':
      return elementSql(place);
  }
}

function inSql(place: ComparisonContext): string {
  const { text, dialect, slots } = place;
  if (slots.length === 0) return '1 = 0';
  return dialect === 'postgres' ? `${text} = ANY(${slots[0]})` : `${text} IN (${exactList(place)})`;
}

function notInSql(place: ComparisonContext): string {
  const { text, dialect, slots } = place;
  if (slots.length === 0) return `${text} IS NOT NULL`;
  return dialect === 'postgres' ? `${text} <> ALL(${slots[0]})` : `${text} NOT IN (${exactList(place)})`;
}

/**
 * Casts a parameter to its column's type. MySQL compares numbers with strings as floating point, which is inexact for
 * decimals and 64-bit integers.
 */
export function castParameter(
  { column, dialect }: Pick<ComparisonContext, 'column' | 'dialect'>,
  slot: string,
): string {
  if (dialect !== 'mysql') return slot;
  const type = String(column.metadata.type);
  if (/^(decimal|numeric|dec|fixed)$/.test(type)) return `CAST(${slot} AS DECIMAL(65,30))`;
  if (type === 'bigint') return `CAST(${slot} AS ${column.metadata.unsigned ? 'UNSIGNED' : 'SIGNED'})`;
  // A FLOAT column stores an approximation of the decimal, so the parameter must be rounded alike.
  if (type === 'float') return `CAST(${slot} AS FLOAT)`;
  return slot;
}

function exactList(place: ComparisonContext): string {
  return place.slots.map((slot) => castParameter(place, slot)).join(', ');
}

/** Returns the SQL of a substring comparison, which compares characters regardless of the column's collation. */
export function likeSql(operator: Operator, operand: string, slot: string, dialect: SqlDialect): string {
  const ignoresCase = operator.startsWith('i');
  switch (dialect) {
    case 'postgres':
      return `${operand} ${ignoresCase ? 'ILIKE' : 'LIKE'} ${slot} ESCAPE '${ESCAPE}'`;
    case 'mysql': {
      const text = `CONVERT(${operand} USING utf8mb4)`;
      return ignoresCase
        ? `LOWER(${text}) COLLATE utf8mb4_bin LIKE LOWER(${slot}) ESCAPE '${ESCAPE}'`
        : `${text} COLLATE utf8mb4_bin LIKE ${slot} ESCAPE '${ESCAPE}'`;
    }
    case 'sqlite':
      if (ignoresCase) return `LOWER(${operand}) LIKE LOWER(${slot}) ESCAPE '${ESCAPE}'`;
      // SQLite's LIKE ignores the case of ASCII letters; GLOB does not, and has its own wildcards.
      return `${operand} GLOB ${slot}`;
  }
}

/** Returns the pattern of a substring for {@link likeSql}. */
export function likePattern(operator: Operator, part: string, dialect: SqlDialect): string {
  const isGlob = dialect === 'sqlite' && !operator.startsWith('i');
  const literal = isGlob ? part.replace(/[*?[]/g, '[$&]') : part.replace(/[!%_]/g, `${ESCAPE}$&`);
  const anything = isGlob ? '*' : '%';
  const starts = operator.endsWith('starts_with') ? '' : anything;
  const ends = operator.endsWith('ends_with') ? '' : anything;
  return `${starts}${literal}${ends}`;
}

function elementSql({ text: operand, column: { metadata }, dialect, slots: [slot] }: ComparisonContext): string {
  if (metadata.isArray) return `${slot} = ANY(${operand})`;
  switch (dialect) {
    case 'postgres':
      return `${slot} = ANY(string_to_array(${operand}, ','))`;
    case 'mysql':
      return `FIND_IN_SET(${slot}, CONVERT(${operand} USING utf8mb4) COLLATE utf8mb4_bin) > 0`;
    case 'sqlite':
      return `instr(',' || ${operand} || ',', ',' || ${slot} || ',') > 0`;
  }
}

/** Converts a value to the form that the driver accepts. */
function stored({ metadata }: ResourceColumn, value: unknown): unknown {
  return metadata.entityMetadata.dataSource.driver.preparePersistentValue(value, metadata) as unknown;
}

function padToPowerOfTwo(values: readonly unknown[]): unknown[] {
  if (values.length === 0) return [];
  const length = 2 ** Math.ceil(Math.log2(values.length));
  return [...values, ...Array.from({ length: length - values.length }, () => values.at(-1))];
}
