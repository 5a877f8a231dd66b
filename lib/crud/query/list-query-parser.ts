import { badRequest } from '../errors/invalid-request.exception.js';
import { quoteName, truncateName } from '../errors/echoed-names.js';
import type { RequestError } from '../errors/request-error.js';
import { isPlainObject } from '../../common/is-plain-object.js';
import { toFilterObject } from './filter-ast.js';
import type { Filter } from './filter-ast.js';
import type { CountMode, SoftDeletedMode, ListQuery } from './list-query.js';
import { MAX_CURSOR_LENGTH, MAX_FILTERS_LENGTH, MAX_OFFSET, MAX_SEARCH_LENGTH, MAX_SORT_KEYS } from './list-rules.js';
import type { ListRules, NamedFields } from './list-rules.js';
import { FilterParser, findKey } from './filter-parser.js';
import { readFields, readInclude } from './row-rules.js';

const WHOLE_NUMBER = /^\d{1,15}$/;
const COUNTS = ['exact', 'none', 'capped'] as const satisfies CountMode[];
const DELETED = ['include', 'only'] as const satisfies SoftDeletedMode[];

/** The state of parsing a query. */
interface Draft {
  limit?: number;
  offset?: number;
  cursor?: string;
  search?: string;
  count?: CountMode;
  deleted?: SoftDeletedMode;
  sort?: ParsedSortKey[];
  include?: string[];
  fields?: string[];
  readonly reader: FilterParser;
  readonly filters: Filter[];
  readonly named: Set<string>;
  readonly problems: string[];
}

interface ParsedSortKey {
  readonly property: string;
  readonly direction: 'asc' | 'desc';
  readonly nulls?: 'first' | 'last';
}

type ReadParameter = (draft: Draft, text: string, rules: ListRules) => void;

const PARAMETERS: ReadonlyMap<string, ReadParameter> = new Map<string, ReadParameter>([
  ['limit', (draft, text, rules) => (draft.limit = wholeNumber(draft, 'limit', text, 1, rules.limit.max))],
  ['offset', (draft, text) => (draft.offset = wholeNumber(draft, 'offset', text, 0, MAX_OFFSET))],
  ['cursor', readCursorText],
  ['count', (draft, text) => (draft.count = oneOf(draft, 'count', text, COUNTS))],
  ['deleted', (draft, text) => (draft.deleted = oneOf(draft, 'deleted', text, DELETED))],
  ['sort', (draft, text, rules) => (draft.sort = sortKeys(draft, text, rules.sort))],
  ['filters', (draft, text) => readFilters(draft, text)],
  ['include', (draft, text, rules) => (draft.include = readInclude(text, rules.rows, draft.problems))],
  ['fields', (draft, text, rules) => (draft.fields = readFields(text, rules.rows, draft.problems))],
  ['search', readSearch],
]);

/**
 * Parses the query parameters of a list. Keys are flat and unique, so that every HTTP adapter parses them alike. Values
 * are converted to their column's type, so no other client input reaches a query.
 *
 * @param raw the parameters as parsed by the HTTP adapter
 * @param rules the rules of the list
 * @throws BadRequestException with all errors
 * @example
 * parseListQuery({ status: 'open', createdAt__gte: '2026-01-01', sort: '-createdAt', limit: '10' }, rules)
 */
export function parseListQuery<T>(raw: Readonly<Record<string, unknown>>, rules: ListRules): ListQuery<T> {
  const reader = new FilterParser(
    (path) => rules.filter.get(path),
    (key) => `filters must name ${oneOfThese(rules.filter)}, not ${quoteName(key)}`,
    false,
  );
  const draft: Draft = { reader, filters: [], named: new Set(), problems: [] };
  const problems: RequestError[] = [];
  for (const [name, value] of Object.entries(raw)) {
    if (rules.ignoredParams.has(name)) continue;
    if (typeof value !== 'string') draft.problems.push(`${quoteName(name)} must be given once, as text`);
    else if (isParameter(name, rules)) PARAMETERS.get(name)!(draft, value, rules);
    else readParameter(draft, name, value, rules);
    if (draft.problems.length + reader.problems.length === 0) continue;
    for (const detail of [...draft.problems.splice(0), ...reader.problems.splice(0)]) {
      problems.push({ detail, code: 'parameter', parameter: truncateName(name) });
    }
  }
  if (draft.cursor !== undefined && (draft.offset !== undefined || draft.count !== undefined)) {
    problems.push({ detail: 'cursor cannot be combined with offset or count', code: 'parameter', parameter: 'cursor' });
  }
  if (problems.length > 0) throw badRequest(problems);
  const { limit, offset, cursor, count, deleted, sort, search, filters, include, fields } = draft;
  const grammar = toFilterObject({ kind: 'all', parts: filters });
  return { limit, offset, cursor, count, deleted, sort, search, filters: grammar, include, fields } as ListQuery<T>;
}

function isParameter(name: string, rules: ListRules): boolean {
  if (name === 'search') return rules.search.length > 0;
  if (name === 'include') return rules.rows.include.size > 0;
  if (name === 'deleted') return rules.deleted;
  return PARAMETERS.has(name);
}

function wholeNumber(draft: Draft, name: string, text: string, min: number, max: number): number | undefined {
  const number = WHOLE_NUMBER.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  draft.problems.push(`${name} must be a whole number from ${min} to ${max}`);
  return undefined;
}

function readCursorText(draft: Draft, text: string): void {
  if (text.length > MAX_CURSOR_LENGTH) draft.problems.push('cursor must come from a page of this list');
  else draft.cursor = text;
}

function oneOf<W extends string>(draft: Draft, name: string, text: string, words: readonly W[]): W | undefined {
  const word = words.find((known) => known === text);
  if (word === undefined) draft.problems.push(`${name} must be one of ${words.join(', ')}`);
  return word;
}

/** Parses `-createdAt,id` or `createdAt__desc__nullslast,id`. */
function sortKeys(draft: Draft, text: string, allowed: NamedFields): ParsedSortKey[] {
  const keys = text.split(',').map((term) => sortKey(term.trim(), allowed));
  const unknown = keys.filter(({ property }) => !allowed.has(property));
  if (unknown.length > 0) {
    draft.problems.push(
      `sort must name ${oneOfThese(allowed)}, not ${unknown.map(({ property }) => quoteName(property)).join(', ')}`,
    );
  } else if (new Set(keys.map(({ property }) => property)).size < keys.length || keys.length > MAX_SORT_KEYS) {
    draft.problems.push(`sort must name each column once, at most ${MAX_SORT_KEYS}`);
  }
  return keys;
}

function sortKey(term: string, allowed: NamedFields): ParsedSortKey {
  if (allowed.has(term)) return { property: term, direction: 'asc' };
  const [, rest = term, nulls] = /^(.+)__nulls(first|last)$/.exec(term) ?? [];
  const [, property = rest, direction] = /^(.+)__(asc|desc)$/.exec(rest) ?? [];
  const isReversed = direction === undefined && property.startsWith('-');
  return {
    property: isReversed ? property.slice(1) : property,
    direction: isReversed || direction === 'desc' ? 'desc' : 'asc',
    ...(nulls !== undefined && { nulls: nulls as 'first' | 'last' }),
  };
}

function readSearch(draft: Draft, text: string): void {
  if (text.length > MAX_SEARCH_LENGTH || text.includes('\0')) {
    draft.problems.push(`search must be a text of at most ${MAX_SEARCH_LENGTH} characters`);
  } else if (text.trim() !== '') {
    draft.search = text.trim();
  }
}

/** Parses a filter parameter: `createdAt__gte=2026-01-01`. */
function readParameter(draft: Draft, name: string, text: string, rules: ListRules): void {
  if (findKey(name, (path) => rules.filter.get(path)) === undefined) {
    const known = [...PARAMETERS.keys()].filter((parameter) => isParameter(parameter, rules));
    draft.problems.push(
      `Unknown parameter ${quoteName(name)}. Known are ${[...known, ...rules.filter.keys()].join(', ')}`,
    );
    return;
  }
  const filter = draft.reader.readParameter(name, text);
  if (filter !== undefined) addFilters(draft, [name], filter);
}

/** Parses the parameter `filters`: `{"status":"open","$or":[{"priority":"high"},{"assigneeId__is_null":true}]}`. */
function readFilters(draft: Draft, text: string): void {
  const source = text.length <= MAX_FILTERS_LENGTH ? parseObject(text) : undefined;
  if (source === undefined) {
    draft.problems.push(`filters must be a JSON object of at most ${MAX_FILTERS_LENGTH} characters`);
    return;
  }
  addFilters(draft, Object.keys(source), draft.reader.read(source));
}

function addFilters(draft: Draft, names: readonly string[], filter: Filter): void {
  for (const name of names) {
    if (draft.named.has(name)) draft.problems.push(`${quoteName(name).slice(1, -1)} must be given once`);
    draft.named.add(name);
  }
  draft.filters.push(...(filter.kind === 'all' ? filter.parts : [filter]));
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function oneOfThese(allowed: NamedFields): string {
  return allowed.size > 0 ? `one of ${[...allowed.keys()].join(', ')}` : 'no column';
}
