import { quoteName } from '../errors/echoed-names.js';
import type { NamedSortKey } from './list-query.js';
import { MAX_SORT_KEYS } from './list-rules.js';
import type { NamedFields } from './list-rules.js';

/**
 * Parses a sort order: `-createdAt,id`, or `createdAt__desc__nullslast,id`.
 *
 * @param allowed the columns that may be named
 * @param problems receives the problems with the text
 */
export function parseSort(text: string, allowed: NamedFields, problems: string[]): NamedSortKey[] {
  const keys = text.split(',').map((term) => parseSortTerm(term.trim(), allowed));
  const unknown = keys.filter(({ property }) => !allowed.has(property));
  if (unknown.length > 0) {
    const names = unknown.map(({ property }) => quoteName(property)).join(', ');
    problems.push(`sort must name ${oneOfThese(allowed)}, not ${names}`);
  } else if (new Set(keys.map(({ property }) => property)).size < keys.length || keys.length > MAX_SORT_KEYS) {
    problems.push(`sort must name each column once, at most ${MAX_SORT_KEYS}`);
  }
  return keys;
}

/** Parses one term of a sort order. A column whose name looks like a term takes precedence. */
export function parseSortTerm(term: string, isColumn: { has(path: string): boolean }): NamedSortKey {
  if (isColumn.has(term)) return { property: term, direction: 'asc' };
  const [, rest = term, nulls] = /^(.+)__nulls(first|last)$/.exec(term) ?? [];
  const [, property = rest, direction] = /^(.+)__(asc|desc)$/.exec(rest) ?? [];
  const isReversed = direction === undefined && property.startsWith('-');
  return {
    property: isReversed ? property.slice(1) : property,
    direction: isReversed || direction === 'desc' ? 'desc' : 'asc',
    ...(nulls !== undefined && { nulls: nulls as 'first' | 'last' }),
  };
}

/** Lists the allowed columns, for messages. */
export function oneOfThese(allowed: NamedFields): string {
  return allowed.size > 0 ? `one of ${[...allowed.keys()].join(', ')}` : 'no column';
}
