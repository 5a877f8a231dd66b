import { OPERATORS, partOf } from './column-kinds.js';
import type { ColumnKind, Value } from './column-kinds.js';
import type { DatabaseKind } from '../../../../support/databases.js';
import type { Random } from '../../../../support/random.js';
import { textOf } from './values.js';

/** A filter before it is written down: what is asked, and of which column. */
export type Question =
  | { readonly and: readonly Question[] }
  | { readonly or: readonly Question[] }
  | { readonly not: Question }
  | Comparison;

export interface Comparison {
  /** The relations that lead to the column; none for an own one. */
  readonly relations: readonly string[];
  readonly kind: ColumnKind;
  readonly operator: string;
  readonly operand: unknown;
}

/** A column that can be asked for, by its path. */
export type Field = Pick<Comparison, 'relations' | 'kind'>;

const LIST_OPERATORS: readonly string[] = ['in', 'not_in', 'between'];

/** What a column is compared to by an operator: mostly one of the values that rows have. */
export function operandOf(kind: ColumnKind, operator: string, database: DatabaseKind, random: Random): unknown {
  const values = kind.values(database);
  const one = (): Value => random.pick(values);
  switch (operator) {
    case 'in':
    case 'not_in':
      return random.several(random.chance(0.1) ? 0 : random.between(1, 5), one);
    case 'between':
      return [one(), one()];
    case 'is_null':
      return random.chance(0.5);
    case 'contains':
    case 'starts_with':
    case 'ends_with':
    case 'icontains':
    case 'istarts_with':
    case 'iends_with': {
      if (kind.compares === 'text') return partOf(textOf(one()), random);
      const elements = values.flatMap((list) => list as Value[]).filter((element) => element !== '');
      return random.pick(elements);
    }
    default:
      return one();
  }
}

/** Asks for one of some columns. */
export function anyComparison(fields: readonly Field[], database: DatabaseKind, random: Random): Comparison {
  const field = random.pick(fields);
  const operator = random.pick(OPERATORS[field.kind.compares]);
  return { ...field, operator, operand: operandOf(field.kind, operator, database, random) };
}

/** A tree of questions, as deep as said. */
export function anyTree(fields: readonly Field[], depth: number, database: DatabaseKind, random: Random): Question {
  const branch = (): Question =>
    depth > 1 && random.chance(0.7)
      ? anyTree(fields, depth - 1, database, random)
      : anyComparison(fields, database, random);
  const word = random.pick(['and', 'or', 'or', 'not']);
  if (word === 'not') return { not: branch() };
  const parts = random.several(random.between(1, 3), branch);
  return word === 'and' ? { and: parts } : { or: parts };
}

/** As a client writes it: the operands in any of the spellings that mean the same. */
export function grammarOf(question: Question, random: Random): Record<string, unknown> {
  if ('and' in question) return { $and: question.and.map((part) => grammarOf(part, random)) };
  if ('or' in question) return { $or: question.or.map((part) => grammarOf(part, random)) };
  if ('not' in question) return { $not: grammarOf(question.not, random) };
  return { [keyOf(question, random)]: spelled(question, random, 'json') };
}

/** A comparison as a parameter of its own; undefined where it cannot be one. */
export function parameterOf(comparison: Comparison, random: Random): string | undefined {
  const operand = spelled(comparison, random, 'parameter');
  const isList = LIST_OPERATORS.includes(comparison.operator);
  if (isList && (operand as unknown[]).some((value) => String(value).includes(','))) return undefined;
  if (isList && (operand as unknown[]).length === 0) return undefined;
  const text = isList ? (operand as unknown[]).join(',') : String(operand);
  return `${encodeURIComponent(keyOf(comparison, random))}=${encodeURIComponent(text)}`;
}

function keyOf({ relations, kind, operator }: Comparison, random: Random): string {
  const path = [...relations, kind.name].join('.');
  return operator === 'eq' && random.chance(0.8) ? path : `${path}__${operator}`;
}

function spelled({ kind, operator, operand }: Comparison, random: Random, wire: 'parameter' | 'json'): unknown {
  const { spell } = kind;
  if (spell === undefined || operator === 'is_null' || operator === 'contains') return operand;
  return Array.isArray(operand)
    ? operand.map((value: Value) => spell(value, random, wire))
    : spell(operand as Value, random, wire);
}
