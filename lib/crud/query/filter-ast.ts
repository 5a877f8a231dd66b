import type { Operator } from './operators.js';
import type { QueryField } from './query-field.js';

/** What rows a list shall have: a tree of comparisons. */
export type Filter =
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | Comparison;

/** A column and what it is compared to. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly field: QueryField;
  readonly operator: Operator;
  /** As the column's type reads it; a list where the operator takes one. */
  readonly operand: unknown;
}

/** The comparisons of a filter, in the order in which its statement has them. */
export function comparisonsOf(filter: Filter): Comparison[] {
  switch (filter.kind) {
    case 'all':
    case 'any':
      return filter.parts.flatMap(comparisonsOf);
    case 'not':
      return comparisonsOf(filter.part);
    case 'comparison':
      return [filter];
  }
}

/** The filter in the form that a `ListQuery` has it. */
export function toFilterObject(filter: Filter): Record<string, unknown> {
  switch (filter.kind) {
    case 'all': {
      const parts = filter.parts.map(toFilterObject);
      const keys = parts.flatMap(Object.keys);
      return new Set(keys).size === keys.length ? Object.fromEntries(parts.flatMap(Object.entries)) : { $and: parts };
    }
    case 'any':
      return { $or: filter.parts.map(toFilterObject) };
    case 'not':
      return { $not: toFilterObject(filter.part) };
    case 'comparison':
      return { [filterKey(filter)]: filter.operand };
  }
}

/** The key of a comparison: `createdAt__gte`. */
export function filterKey({ field, operator }: Pick<Comparison, 'field' | 'operator'>): string {
  return operator === 'eq' ? field.path : `${field.path}__${operator}`;
}
