import { unstorableText } from '../column-types/unstorable-text.js';
import { badRequest } from '../errors/invalid-request.exception.js';
import { quoteName, truncateName } from '../errors/echoed-names.js';
import type { RequestError } from '../errors/request-error.js';
import { isPlainObject } from '../../common/is-plain-object.js';
import { toFilterObject } from './filter-ast.js';
import type { Filter } from './filter-ast.js';
import type { CountMode, ListQuery, SoftDeletedMode, NamedSortKey } from './list-query.js';
import { MAX_CURSOR_LENGTH, MAX_FILTERS_LENGTH, MAX_OFFSET, MAX_SEARCH_LENGTH } from './list-rules.js';
import type { ListRules } from './list-rules.js';
import { FilterParser, findKey, takesList } from './filter-parser.js';
import { parseFields, parseInclude } from './projection-parser.js';
import { oneOfThese, parseSort } from './sort-parser.js';

const WHOLE_NUMBER = /^\d{1,15}$/;
const COUNTS = ['exact', 'none', 'capped'] as const satisfies CountMode[];
const DELETED = ['include', 'only'] as const satisfies SoftDeletedMode[];

/** The state of parsing a query. */
interface Draft {
  limit?: number;
  offset?: number;
  cursor?: string | undefined;
  search?: string;
  count?: CountMode;
  deleted?: SoftDeletedMode;
  sort?: NamedSortKey[];
  page?: number;
  include?: string[];
  fields?: string[];
  readonly reader: FilterParser;
  readonly filters: Filter[];
  readonly named: Set<string>;
  readonly problems: string[];
}

type ReadParameter = (draft: Draft, text: string, rules: ListRules) => void;

const PARAMETERS: ReadonlyMap<string, ReadParameter> = new Map<string, ReadParameter>([
  ['limit', (draft, text, rules) => (draft.limit = wholeNumber(draft, 'limit', text, 0, rules.limit.max))],
  ['page', (draft, text) => (draft.page = wholeNumber(draft, 'page', text, 1, MAX_OFFSET))],
  ['offset', (draft, text) => (draft.offset = wholeNumber(draft, 'offset', text, 0, MAX_OFFSET))],
  ['cursor', readCursorText],
  ['count', (draft, text) => (draft.count = oneOf(draft, 'count', text, COUNTS))],
  ['deleted', (draft, text) => (draft.deleted = oneOf(draft, 'deleted', text, DELETED))],
  ['sort', (draft, text, rules) => (draft.sort = parseSort(text, rules.sort, draft.problems))],
  ['filters', (draft, text) => readFilters(draft, text)],
  ['include', (draft, text, rules) => (draft.include = parseInclude(text, rules.rows, draft.problems))],
  ['fields', (draft, text, rules) => (draft.fields = parseFields(text, rules.rows, draft.problems))],
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
    if (isParameter(name, rules)) {
      if (typeof value !== 'string') draft.problems.push(givenTwice(name));
      // An empty form field is no parameter. An empty cursor requests the first page of a list with cursors.
      else if (value !== '' || name === 'cursor') PARAMETERS.get(name)!(draft, value, rules);
    } else readParameter(draft, name, value, rules);
    if (draft.problems.length + reader.problems.length === 0) continue;
    for (const detail of [...draft.problems.splice(0), ...reader.problems.splice(0)]) {
      problems.push({ detail, code: 'parameter', parameter: truncateName(name) });
    }
  }
  problems.push(...pageProblems(draft, rules));
  if (problems.length > 0) throw badRequest(problems);
  const { limit, offset, page, cursor, count, deleted, sort, search, filters, include, fields } = draft;
  const grammar = toFilterObject({ kind: 'and', parts: filters });
  return {
    limit,
    offset,
    page,
    cursor,
    count,
    deleted,
    sort,
    search,
    filters: grammar,
    include,
    fields,
  } as ListQuery<T>;
}

/** Finds parameters that exclude each other. */
function pageProblems(draft: Draft, { limit: bounds, paging }: ListRules): RequestError[] {
  const { limit = bounds.default, offset, page, count } = draft;
  if (paging === 'cursor') draft.cursor ??= '';
  const startsAt = [offset, page, count].some((value) => value !== undefined);
  if (draft.cursor === '' && startsAt) draft.cursor = undefined;
  if (draft.cursor !== undefined && startsAt)
    return [problemOf('cursor', 'cursor cannot be combined with offset, page or count')];
  if (limit === 0 && (draft.cursor !== undefined || count === 'none'))
    return [problemOf('limit', 'limit=0 requests only the total, so it excludes cursor and count=none')];
  if (page === undefined) return [];
  if (offset !== undefined) return [problemOf('page', 'page cannot be combined with offset')];
  if ((page - 1) * limit <= MAX_OFFSET) return [];
  return [problemOf('page', `page must be at most ${Math.floor(MAX_OFFSET / limit) + 1} with a limit of ${limit}`)];
}

function problemOf(parameter: string, detail: string): RequestError {
  return { detail, code: 'parameter', parameter };
}

function givenTwice(name: string): string {
  return `${quoteName(name)} must be given once, as text`;
}

function isParameter(name: string, rules: ListRules): boolean {
  if (name === 'search') return rules.search.length > 0;
  if (name === 'include') return rules.rows.include.size > 0;
  if (name === 'deleted') return rules.deleted;
  if (name === 'cursor') return rules.paging !== 'offset';
  if (['offset', 'page', 'count'].includes(name) && rules.paging === 'cursor') return false;
  // A column of this name can be filtered by.
  if (name === 'page') return !rules.filter.has(name);
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

function readSearch(draft: Draft, text: string): void {
  const character = unstorableText(text);
  if (character !== undefined) draft.problems.push(`search ${character}`);
  else if (text.length > MAX_SEARCH_LENGTH) {
    draft.problems.push(`search must be a text of at most ${MAX_SEARCH_LENGTH} characters`);
  } else if (text.trim() !== '') {
    draft.search = text.trim();
  }
}

/** Parses a filter parameter: `createdAt__gte=2026-01-01`, or one given several times: `priority__in=high`. */
function readParameter(draft: Draft, name: string, value: unknown, rules: ListRules): void {
  const key = findKey(name, (path) => rules.filter.get(path));
  if (key === undefined) {
    const known = [...PARAMETERS.keys()].filter((parameter) => isParameter(parameter, rules));
    draft.problems.push(
      `Unknown parameter ${quoteName(name)}. Known are ${[...known, ...rules.filter.keys()].join(', ')}`,
    );
    return;
  }
  if (typeof value !== 'string' && !(isListOfTexts(value) && takesList(key))) {
    draft.problems.push(givenTwice(name));
    return;
  }
  const filter = draft.reader.readParameter(name, value);
  if (filter !== undefined) addFilters(draft, [name], filter);
}

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
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
  draft.filters.push(...(filter.kind === 'and' ? filter.parts : [filter]));
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
