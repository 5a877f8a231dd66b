import { badRequest, quoted } from '../bad-request.js';
import type { ListQuery } from './list-query.js';
import { MAX_OFFSET } from './list-rules.js';
import type { ListRules, NamedColumns } from './list-rules.js';

const MAX_FILTERS_LENGTH = 8192;
const MAX_SEARCH_LENGTH = 200;
const MAX_SORT_KEYS = 8;
const WHOLE_NUMBER = /^\d{1,15}$/;

/** A query that is being read. */
interface Draft {
  limit?: number;
  offset?: number;
  search?: string;
  sort?: { property: string; direction: 'asc' | 'desc' }[];
  readonly filters: Map<string, unknown>;
  readonly problems: string[];
}

type ReadParameter = (draft: Draft, text: string, rules: ListRules) => void;

const PARAMETERS: ReadonlyMap<string, ReadParameter> = new Map<string, ReadParameter>([
  ['limit', (draft, text, rules) => (draft.limit = wholeNumber(draft, 'limit', text, 1, rules.limit.max))],
  ['offset', (draft, text) => (draft.offset = wholeNumber(draft, 'offset', text, 0, MAX_OFFSET))],
  ['sort', (draft, text, rules) => (draft.sort = sortKeys(draft, text, rules.sort))],
  ['filters', (draft, text, rules) => readFilters(draft, text, rules.filter)],
  ['search', readSearch],
]);

/**
 * Reads the query parameters of a list. Keys are flat and appear once, so that every HTTP adapter parses them alike;
 * values are converted to their column's type here, and nothing else of a client ever gets into a query.
 *
 * @param raw the parameters, as the HTTP adapter parsed them
 * @param rules what clients may ask of this list
 * @throws BadRequestException with every problem there is
 * @example
 * parseListQuery({ status: 'open', sort: '-createdAt', limit: '10' }, rules)
 */
export function parseListQuery<T>(raw: Readonly<Record<string, unknown>>, rules: ListRules): ListQuery<T> {
  const draft: Draft = { filters: new Map(), problems: [] };
  for (const [name, value] of Object.entries(raw)) {
    if (rules.ignoredParams.has(name)) continue;
    if (typeof value !== 'string') draft.problems.push(`${quoted(name)} must be given once, as text`);
    else if (isParameter(name, rules)) PARAMETERS.get(name)!(draft, value, rules);
    else readFilter(draft, name, value, rules);
  }
  if (draft.problems.length > 0) throw badRequest(draft.problems);
  const { limit, offset, sort, search, filters } = draft;
  return { limit, offset, sort, search, filters: Object.fromEntries(filters) } as ListQuery<T>;
}

function isParameter(name: string, rules: ListRules): boolean {
  return PARAMETERS.has(name) && (name !== 'search' || rules.search.length > 0);
}

function wholeNumber(draft: Draft, name: string, text: string, min: number, max: number): number | undefined {
  const number = WHOLE_NUMBER.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  draft.problems.push(`${name} must be a whole number from ${min} to ${max}`);
  return undefined;
}

/** `-createdAt,id` or `createdAt__desc,id`. */
function sortKeys(draft: Draft, text: string, allowed: NamedColumns): Draft['sort'] {
  const keys = text.split(',').map((term) => sortKey(term.trim(), allowed));
  const unknown = keys.filter(({ property }) => !allowed.has(property));
  if (unknown.length > 0) {
    draft.problems.push(
      `sort must name ${oneOfThese(allowed)}, not ${unknown.map(({ property }) => quoted(property)).join(', ')}`,
    );
  } else if (new Set(keys.map(({ property }) => property)).size < keys.length || keys.length > MAX_SORT_KEYS) {
    draft.problems.push(`sort must name each column once, at most ${MAX_SORT_KEYS}`);
  }
  return keys;
}

function sortKey(term: string, allowed: NamedColumns): { property: string; direction: 'asc' | 'desc' } {
  if (allowed.has(term)) return { property: term, direction: 'asc' };
  if (term.startsWith('-')) return { property: term.slice(1), direction: 'desc' };
  const [, property, direction] = /^(.+)__(asc|desc)$/.exec(term) ?? [];
  return { property: property ?? term, direction: direction === 'desc' ? 'desc' : 'asc' };
}

function readSearch(draft: Draft, text: string): void {
  if (text.length > MAX_SEARCH_LENGTH || text.includes('\0')) {
    draft.problems.push(`search must be a text of at most ${MAX_SEARCH_LENGTH} characters`);
  } else if (text.trim() !== '') {
    draft.search = text.trim();
  }
}

function readFilter(draft: Draft, name: string, text: string, rules: ListRules): void {
  const column = rules.filter.get(name);
  if (column === undefined) {
    const known = [...PARAMETERS.keys()].filter((parameter) => isParameter(parameter, rules));
    draft.problems.push(
      `Unknown parameter ${quoted(name)}. Known are ${[...known, ...rules.filter.keys()].join(', ')}`,
    );
    return;
  }
  setFilter(draft, name, column.type.parse?.(text), column.type.expects);
}

/** `{"status":"open"}` */
function readFilters(draft: Draft, text: string, allowed: NamedColumns): void {
  const filters = text.length <= MAX_FILTERS_LENGTH ? parseObject(text) : undefined;
  if (filters === undefined) {
    draft.problems.push(`filters must be a JSON object of at most ${MAX_FILTERS_LENGTH} characters`);
    return;
  }
  for (const [name, value] of Object.entries(filters)) {
    const column = allowed.get(name);
    if (column === undefined) draft.problems.push(`filters must name ${oneOfThese(allowed)}, not ${quoted(name)}`);
    else setFilter(draft, name, value === null ? undefined : column.type.read(value), column.type.expects);
  }
}

function setFilter(draft: Draft, name: string, value: unknown, expects: string): void {
  if (value === undefined) draft.problems.push(`${name} must be ${expects}`);
  else if (draft.filters.has(name)) draft.problems.push(`${name} must be given once`);
  else draft.filters.set(name, value);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function oneOfThese(allowed: NamedColumns): string {
  return allowed.size > 0 ? `one of ${[...allowed.keys()].join(', ')}` : 'no column';
}
