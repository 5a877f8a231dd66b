import type { Operator } from '../options/filter-operators.js';
import type { QueryField } from './query-field.js';

/** A filter: a tree of comparisons. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | Comparison;

/** A column, an operator and an operand. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly field: QueryField;
  readonly operator: Operator;
  /** Converted by the column's type; a list for operators with several values. */
  readonly operand: unknown;
}

/** Returns the comparisons of a filter, in the order of its statement. */
export function comparisonsOf(filter: Filter): Comparison[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.parts.flatMap(comparisonsOf);
    case 'not':
      return comparisonsOf(filter.part);
    case 'comparison':
      return [filter];
  }
}

/** Converts the filter to the format of `ListQuery`. */
export function toFilterObject(filter: Filter): Record<string, unknown> {
  switch (filter.kind) {
    case 'and': {
      const parts = filter.parts.map(toFilterObject);
      const keys = parts.flatMap(Object.keys);
      return new Set(keys).size === keys.length ? Object.fromEntries(parts.flatMap(Object.entries)) : { $and: parts };
    }
    case 'or':
      return { $or: filter.parts.map(toFilterObject) };
    case 'not':
      return { $not: toFilterObject(filter.part) };
    case 'comparison':
      return { [filterKey(filter)]: filter.operand };
  }
}

/** Returns the key of a comparison: `createdAt__gte`. */
export function filterKey({ field, operator }: Pick<Comparison, 'field' | 'operator'>): string {
  return operator === 'eq' ? field.path : `${field.path}__${operator}`;
}
