import type { SqlDialect } from '../../../orm/sql/tokenizer.js';
import type { ResourceColumn } from '../../model/resource-column.js';
import type { Comparison } from '../../query/filter-ast.js';
import { operandKind } from '../../query/operators.js';
import type { Operator } from '../../query/operators.js';

/** Stands before a wildcard that is meant literally. The backslash would need different quoting on every database. */
const ESCAPE = '!';

/** A comparison's place in a statement. */
export interface ComparisonContext {
  /** The column, as the statement writes it. */
  readonly text: string;
  readonly column: ResourceColumn;
  readonly dialect: SqlDialect;
  /** The placeholders of its values, as many as {@link comparisonValues} gives. */
  readonly slots: readonly string[];
}

/**
 * The values of a comparison as the driver takes them, one for each placeholder. PostgreSQL takes a list as one value; elsewhere it is
 * filled up to a power of two with its last value, so that there are few statements for all the lengths of lists.
 */
export function comparisonValues({ field, operator, operand }: Comparison, dialect: SqlDialect): unknown[] {
  switch (operandKind(field.column.type, operator)) {
    case 'value':
      return [stored(field.column, operand)];
    case 'list': {
      const values = (operand as unknown[]).map((value) => stored(field.column, value));
      return dialect === 'postgres' && values.length > 0 ? [values] : padToPowerOfTwo(values);
    }
    case 'range':
      return (operand as unknown[]).map((value) => stored(field.column, value));
    case 'presence':
      return [];
    case 'part':
      return [likePattern(operator, operand as string, dialect)];
    case 'element':
      return [operand];
  }
}

/** What of a comparison changes its statement's text, its values left out. */
export function comparisonCacheKey({ field, operator, operand }: Comparison, dialect: SqlDialect): string {
  const length = Array.isArray(operand) ? lengthShape(operand, dialect) : '';
  return `${field.path}__${operator}${operator === 'is_null' ? String(operand) : length}`;
}

/** The text depends on whether there is anything in a list, and on how many placeholders it takes. */
function lengthShape(list: readonly unknown[], dialect: SqlDialect): string {
  return list.length > 0 && dialect === 'postgres' ? 'some' : String(padToPowerOfTwo(list).length);
}

const SIGNS: Partial<Record<Operator, string>> = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' };

/** The text of a comparison. A column without a value meets none but `is_null`. */
export function comparisonSql({ operator, operand }: Comparison, place: ComparisonContext): string {
  const { text, column, dialect, slots } = place;
  switch (operandKind(column.type, operator)) {
    case 'value':
      return `${text} ${SIGNS[operator]!} ${castParameter(place, slots[0])}`;
    case 'list':
      return operator === 'in' ? inSql(place) : notInSql(place);
    case 'range':
      return `${text} BETWEEN ${castParameter(place, slots[0])} AND ${castParameter(place, slots[1])}`;
    case 'presence':
      return `${text} IS ${operand === true ? '' : 'NOT '}NULL`;
    case 'part':
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
 * A value that is compared in its column's type. MySQL compares numbers with texts as floating point numbers, which hold neither a
 * decimal nor 64 bits exactly.
 */
export function castParameter(
  { column, dialect }: Pick<ComparisonContext, 'column' | 'dialect'>,
  slot: string,
): string {
  if (dialect !== 'mysql') return slot;
  const type = String(column.metadata.type);
  if (/^(decimal|numeric|dec|fixed)$/.test(type)) return `CAST(${slot} AS DECIMAL(65,30))`;
  if (type === 'bigint') return `CAST(${slot} AS ${column.metadata.unsigned ? 'UNSIGNED' : 'SIGNED'})`;
  // The value of a FLOAT is not the decimal that it was made of.
  if (type === 'float') return `CAST(${slot} AS FLOAT)`;
  return slot;
}

function exactList(place: ComparisonContext): string {
  return place.slots.map((slot) => castParameter(place, slot)).join(', ');
}

/** The parts of a text are compared letter by letter, whatever the database's own idea of letters is. */
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
      // LIKE knows no difference between the letters of ASCII here; GLOB does, and has wildcards of its own.
      return `${operand} GLOB ${slot}`;
  }
}

/** A text of which a part is meant, as the pattern that {@link likeSql} compares with. */
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

/** A value as the database driver takes it. */
function stored({ metadata }: ResourceColumn, value: unknown): unknown {
  return metadata.entityMetadata.dataSource.driver.preparePersistentValue(value, metadata) as unknown;
}

function padToPowerOfTwo(values: readonly unknown[]): unknown[] {
  if (values.length === 0) return [];
  const length = 2 ** Math.ceil(Math.log2(values.length));
  return [...values, ...Array.from({ length: length - values.length }, () => values.at(-1))];
}
