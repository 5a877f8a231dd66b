import { STANDARD_LIMIT } from '../crud-defaults.js';
import type { CrudOptions } from '../crud-options.js';
import type { ResourceColumn } from '../resource-column.js';
import { isLoaded } from '../resource-column.js';
import type { ListRules, NamedColumns } from './list-rules.js';

/**
 * What clients may ask of a list. Hidden columns and the tenant's can never be compared: what an answer does not show,
 * a comparison would tell.
 *
 * @param plainlyShown the columns whose values the answer gives as they are: those that may be compared unless an
 *   option says otherwise
 * @param problems takes what does not fit the entity
 */
export function compileListRules<T extends object>(
  options: CrudOptions<T>,
  columns: readonly ResourceColumn[],
  plainlyShown: readonly ResourceColumn[],
  problems: string[],
): ListRules {
  const comparable = columns.filter((column) => isLoaded(column) && !column.tenant && column.type.parse !== undefined);
  const searchable = comparable.filter(
    ({ type, metadata }) => type.isText === true && metadata.transformer === undefined,
  );
  const limit = { ...STANDARD_LIMIT, ...options.limit };
  if (!isWholeNumber(limit.max) || !isWholeNumber(limit.default) || limit.default > limit.max) {
    problems.push('limit: default and max must be whole numbers from 1, and default no more than max');
  }
  const byDefault = comparable.filter((column) => plainlyShown.includes(column)).map(({ property }) => property);
  return {
    limit,
    mode: options.list ?? 'page',
    filter: choose('filter', options.filter ?? byDefault, comparable, problems),
    sort: choose('sort', options.sort ?? byDefault, comparable, problems),
    search: [...choose('search', options.search ?? [], searchable, problems).values()],
    ignoredParams: new Set(options.ignoreParams),
  };
}

function choose(
  option: string,
  names: readonly string[],
  among: readonly ResourceColumn[],
  problems: string[],
): NamedColumns {
  const chosen = new Map<string, ResourceColumn>();
  for (const name of names) {
    const column = among.find(({ property }) => property === name);
    if (column !== undefined) chosen.set(name, column);
    else
      problems.push(`${option} names '${name}', which is none of ${among.map(({ property }) => property).join(', ')}`);
  }
  return chosen;
}

function isWholeNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
