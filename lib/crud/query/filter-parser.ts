import { unstorableText } from '../column-types/unstorable-text.js';
import { quoteName } from '../errors/echoed-names.js';
import { isPlainObject } from '../../common/is-plain-object.js';
import { filterKey } from './filter-ast.js';
import type { Comparison, Filter } from './filter-ast.js';
import {
  describeOperand,
  operandKind,
  operatorsOfField,
  parseOperand,
  readOperand,
  parseFilterKey,
} from './operators.js';
import type { Operator } from '../options/filter-operators.js';
import { tellsRelatedRow } from './query-field.js';
import type { QueryField } from './query-field.js';

/** Maximum number of comparisons and groups in a filter. */
const MAX_PARTS = 64;
/** Maximum nesting depth of groups. */
const MAX_DEPTH = 8;

/** Finds the column of a path; undefined if it is unknown or not allowed. */
export type FindField = (path: string) => QueryField | undefined;

/** A filter key: a column and an operator. */
export interface FilterKey {
  readonly field: QueryField;
  readonly operator: Operator;
}

/** Parses a filter key; undefined if it is unknown. A column whose name ends like an operator takes precedence. */
export function findKey(key: string, find: FindField): FilterKey | undefined {
  const named = find(key);
  if (named !== undefined) return { field: named, operator: 'eq' };
  const split = parseFilterKey(key);
  const field = split && find(split.path);
  return field && { field, operator: split.operator };
}

/** Checks whether the operand is a list of values, so that a query parameter may be given once for each. */
export function takesList({ field, operator }: FilterKey): boolean {
  return ['list', 'range'].includes(operandKind(field.column.type, operator));
}

/**
 * Parses a filter: `{ "priority__in": ["high", "urgent"], "$or": [{ "assigneeId": 1 }, { "assigneeId__is_null": true }]
 * }`. The keys of an object are ANDed. Values are converted by the column types, so no other input reaches a statement.
 */
export class FilterParser {
  readonly problems: string[] = [];
  private parts = 0;

  /**
   * @param find finds the allowed columns
   * @param describeUnknown returns the error text of an unknown key
   * @param allowNull whether null means IS NULL, as in application code; clients use `__is_null`
   */
  constructor(
    private readonly find: FindField,
    private readonly describeUnknown: (key: string) => string,
    private readonly allowNull: boolean,
  ) {}

  /** Parses a filter object. Errors are added to `problems`. */
  read(source: object): Filter {
    return this.readObject(source, 0);
  }

  /** Parses a comparison from a query parameter. @param text its text, or its texts if it is given several times */
  readParameter(name: string, text: string | readonly string[]): Filter | undefined {
    const key = this.keyOf(name);
    return key && this.compare(name, key, parseOperand(key.field.column.type, key.operator, text), text);
  }

  private readObject(source: object, depth: number): Filter {
    const parts: Filter[] = [];
    for (const [key, value] of Object.entries(source) as [string, unknown][]) {
      if (!this.countNode()) break;
      const part = this.readPart(key, value, depth);
      if (part !== undefined) parts.push(part);
    }
    return { kind: 'and', parts };
  }

  private readPart(key: string, value: unknown, depth: number): Filter | undefined {
    if (key === '$and' || key === '$or') {
      if (!Array.isArray(value) || value.length === 0 || !value.every(isPlainObject))
        return this.problem(`${key} must be a list of objects like filters itself`);
      // An empty group counts as one part.
      const groups = value.filter((part) => Object.keys(part).length > 0 || this.countNode());
      return { kind: key === '$and' ? 'and' : 'or', parts: groups.map((part) => this.readGroup(part, depth + 1)) };
    }
    if (key === '$not') {
      if (!isPlainObject(value)) return this.problem('$not must be an object like filters itself');
      return { kind: 'not', part: this.readGroup(value, depth + 1) };
    }
    const found = this.keyOf(value === null ? this.nullCheckOf(key) : key);
    if (found === undefined) return undefined;
    if (value === null && found.operator === 'is_null') return this.compare(key, found, true, value);
    return this.compare(key, found, readOperand(found.field.column.type, found.operator, value), value);
  }

  /** Returns the key of the NULL check that a key with the value null means; the key itself if it means none. */
  private nullCheckOf(key: string): string {
    const field = this.find(key);
    const isNullCheck = field !== undefined && (this.allowNull || field.isRelation === true || tellsRelatedRow(field));
    return isNullCheck ? filterKey({ field, operator: 'is_null' }) : key;
  }

  private countNode(): boolean {
    this.parts += 1;
    if (this.parts === MAX_PARTS + 1) this.problem(`filters must have at most ${MAX_PARTS} parts`);
    return this.parts <= MAX_PARTS;
  }

  private readGroup(source: object, depth: number): Filter {
    if (depth <= MAX_DEPTH) return this.readObject(source, depth);
    this.problem(`filters must be nested at most ${MAX_DEPTH} levels deep`);
    return { kind: 'and', parts: [] };
  }

  private keyOf(key: string): FilterKey | undefined {
    const found = findKey(key, this.find);
    if (found === undefined) return this.problem(this.describeUnknown(key));
    const operators = operatorsOfField(found.field);
    if (operators.includes(found.operator)) return found;
    return this.problem(
      `${quoteName(found.field.path)} can be compared by ${operators.join(', ')}, not by ${found.operator}`,
    );
  }

  /** @param operand the parsed value; undefined if the given one does not fit */
  private compare(
    key: string,
    { field, operator }: FilterKey,
    operand: unknown,
    given: unknown,
  ): Comparison | undefined {
    if (operand === undefined) {
      const misfit = unstorableText(given) ?? `must be ${describeOperand(field.column.type, operator)}`;
      return this.problem(`${key} ${misfit}`);
    }
    return { kind: 'comparison', field, operator, operand };
  }

  private problem(text: string): undefined {
    this.problems.push(text);
    return undefined;
  }
}
