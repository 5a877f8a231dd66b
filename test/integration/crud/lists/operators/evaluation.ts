import type { DatabaseKind } from '../../../../support/databases.js';
import type { ColumnKind, Key, Value } from './column-kinds.js';
import type { Comparison, Question } from './filters.js';
import { textOf } from './values.js';

/** A row in memory, with the rows that it leads to: those of its tenant that are not deleted. */
export interface Row {
  readonly id: number;
  /** By the names of column kinds. */
  readonly values: Readonly<Record<string, Value | null>>;
  readonly related: Readonly<Record<string, readonly Row[]>>;
}

/** What the database says of texts: which are the same, and in which order they stand. */
export type Collation = ReadonlyMap<string, number>;

/** Answers questions in memory, the plain way: the documentation's words as code. */
export class Evaluation {
  constructor(
    private readonly database: DatabaseKind,
    private readonly collation: Collation,
  ) {}

  matches(question: Question, row: Row): boolean {
    if ('and' in question) return question.and.every((part) => this.matches(part, row));
    if ('or' in question) return question.or.some((part) => this.matches(part, row));
    if ('not' in question) return !this.matches(question.not, row);
    return this.holders(row, question.relations).some((holder) => this.compares(question, holder));
  }

  /** The rows that a path leads to; a filter over a relation asks whether one of them fits. */
  private holders(row: Row, [relation, ...further]: readonly string[]): readonly Row[] {
    if (relation === undefined) return [row];
    return row.related[relation].flatMap((next) => this.holders(next, further));
  }

  private compares({ kind, operator, operand }: Comparison, row: Row): boolean {
    const value = row.values[kind.name];
    if (operator === 'is_null') return (value === null) === operand;
    // Every other operator needs a value.
    if (value === null) return false;
    const order = (other: Value): number => this.order(kind, value, other);
    const list = operand as Value[];
    const part = operand as string;
    switch (operator) {
      case 'eq':
        return order(operand as Value) === 0;
      case 'ne':
        return order(operand as Value) !== 0;
      case 'lt':
        return order(operand as Value) < 0;
      case 'lte':
        return order(operand as Value) <= 0;
      case 'gt':
        return order(operand as Value) > 0;
      case 'gte':
        return order(operand as Value) >= 0;
      case 'in':
        return list.some((other) => order(other) === 0);
      case 'not_in':
        return list.every((other) => order(other) !== 0);
      case 'between':
        return order(list[0]) >= 0 && order(list[1]) <= 0;
      case 'contains':
        return (value as string | Value[]).includes(part);
      case 'starts_with':
        return (value as string).startsWith(part);
      case 'ends_with':
        return (value as string).endsWith(part);
      case 'icontains':
        return lower(value).includes(lower(part));
      case 'istarts_with':
        return lower(value).startsWith(lower(part));
      case 'iends_with':
        return lower(value).endsWith(lower(part));
      default:
        throw new Error(`No such operator: ${operator}`);
    }
  }

  private order(kind: ColumnKind, left: Value, right: Value): number {
    const [a, b] = [this.key(kind, left), this.key(kind, right)];
    return a < b ? -1 : a > b ? 1 : 0;
  }

  private key(kind: ColumnKind, value: Value): Key {
    if (kind.compares !== 'text') return kind.key!(value, this.database);
    const place = this.collation.get(textOf(value));
    if (place === undefined) throw new Error(`The database was not asked for ${JSON.stringify(value)}`);
    return place;
  }
}

/** Letters of ASCII in lower case; the others stay. */
function lower(value: unknown): string {
  return String(value).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
