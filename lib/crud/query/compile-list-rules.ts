import type { DataSource, EntityMetadata } from 'typeorm';
import { DEFAULT_LIMIT } from '../options/crud-defaults.js';
import type { ColumnFilter, CrudOptions } from '../options/crud-options.js';
import type { ResourceColumn } from '../model/resource-column.js';
import { isSelected } from '../model/resource-column.js';
import type { NamedSortKey } from './list-query.js';
import type { ListRules, NamedFields } from './list-rules.js';
import { operatorsOfField } from './operators.js';
import { parseSortTerm } from './sort-parser.js';
import type { ProjectionRules } from './projection-rules.js';
import { findField, findRelation } from './query-field.js';
import type { QueryField } from './query-field.js';

/** The arguments of {@link compileListRules}. */
export interface ListRulesSource<T extends object> {
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  readonly options: CrudOptions<T>;
  readonly columns: readonly ResourceColumn[];
  /** The columns that the response exposes untransformed: the default for filter and sort. */
  readonly plainlyShown: readonly ResourceColumn[];
  readonly rows: ProjectionRules;
  /** The module's default order: terms that the entity has no column for are left out. */
  readonly moduleSort: readonly string[];
}

/**
 * Compiles the rules for list queries. Hidden columns and constant tenant columns cannot be compared: a comparison
 * would reveal a value that the response does not expose.
 *
 * @param problems receives the problems with the options
 */
export function compileListRules<T extends object>(source: ListRulesSource<T>, problems: string[]): ListRules {
  const { options } = source;
  const limit = { ...DEFAULT_LIMIT, ...options.limit };
  if (!isWholeNumber(limit.max) || !isWholeNumber(limit.default) || limit.default > limit.max) {
    problems.push('limit: default and max must be whole numbers from 1, and default no more than max');
  }
  const shown = source.plainlyShown.filter(isComparable).map(({ property }) => property);
  const sortable = source.plainlyShown.filter(isSortable).map(({ property }) => property);
  if (options.deleted === true && source.metadata.deleteDateColumn === undefined) {
    problems.push(`deleted: ${source.metadata.name} has no @DeleteDateColumn(), so it has no soft-deleted rows`);
  }
  if (options.paging === 'cursor' && options.listFormat === 'array') {
    problems.push("paging: 'cursor' needs listFormat: 'page', because an array has no place for a cursor");
  }
  const search = choose('search', options.search ?? [], source, isSearchable, problems);
  return {
    limit,
    format: options.listFormat ?? 'page',
    paging: options.paging ?? 'any',
    count: options.count ?? 'exact',
    filter: chooseFilter(options.filter ?? shown, source, problems),
    sort: choose('sort', options.sort ?? sortable, source, isOrdering, problems),
    defaultSort: chooseDefaultSort(source, problems),
    search: [...search.values()],
    deleted: options.deleted ?? false,
    rows: source.rows,
    ignoredParams: new Set(options.ignoreParams),
  };
}

function choose<T extends object>(
  option: string,
  paths: readonly string[],
  { dataSource, metadata, columns }: ListRulesSource<T>,
  fits: (field: QueryField) => boolean,
  problems: string[],
): NamedFields {
  const chosen = new Map<string, QueryField>();
  for (const path of paths) {
    const field = findField(dataSource, metadata, path);
    if (field !== undefined && fits(field)) chosen.set(path, field);
    else problems.push(`${option} names '${path}', which is not one of ${candidates(columns, fits)}`);
  }
  return chosen;
}

/**
 * Returns the columns and relations of `filter`. A column of a related row that allows the NULL check also allows to
 * ask whether there is such a row.
 */
function chooseFilter<T extends object>(
  named: readonly (string | ColumnFilter<T>)[],
  source: ListRulesSource<T>,
  problems: string[],
): NamedFields {
  const { dataSource, metadata } = source;
  const isColumn = (path: string): boolean => findField(dataSource, metadata, path) !== undefined;
  const relationsOf = (path: string): QueryField[] =>
    path
      .split('.')
      .map((_, i, parts) => findRelation(dataSource, metadata, parts.slice(0, i + 1).join('.')))
      .filter((field) => field !== undefined);
  const paths = named.map((one) => (typeof one === 'string' ? one : one.column));
  const columns = paths.filter((path) => isColumn(path) || relationsOf(path).at(-1)?.path !== path);
  const chosen = new Map(choose('filter', columns, source, ({ column }) => isComparable(column), problems));
  for (const { column, operators } of named.filter((one) => typeof one !== 'string')) {
    const field = chosen.get(column);
    if (field === undefined) continue;
    const known = operatorsOfField(field);
    const unknown = operators.filter((operator) => !known.includes(operator));
    if (unknown.length > 0 || operators.length === 0)
      problems.push(
        `filter: '${column}' can be compared by ${known.join(', ')}, not by ${unknown.join(', ') || 'none'}`,
      );
    chosen.set(column, { ...field, operators });
  }
  const asked = paths
    .filter((path) => chosen.get(path)?.operators?.includes('is_null') !== false)
    .flatMap(relationsOf)
    .filter(({ path }) => !isColumn(path));
  return new Map([...chosen, ...asked.map((field) => [field.path, field] as const)]);
}

/**
 * Parses the order of `defaultSort`: the resource's own, otherwise the part of the module's that the response exposes.
 * Cursors contain the values of the order, so a column that the response hides must be named by the resource itself.
 */
function chooseDefaultSort<T extends object>(source: ListRulesSource<T>, problems: string[]): NamedSortKey[] {
  const { dataSource, metadata, columns, options, moduleSort, plainlyShown } = source;
  const isOwn = options.defaultSort !== undefined;
  const find = (path: string): QueryField | undefined =>
    isOwn || plainlyShown.some(({ property }) => property === path) ? findField(dataSource, metadata, path) : undefined;
  const keys = (options.defaultSort ?? moduleSort).map((term) => ({
    term,
    ...parseSortTerm(term, { has: (path) => find(path) !== undefined }),
  }));
  const fitting = keys.filter(({ property }) => {
    const field = find(property);
    return field !== undefined && isOrdering(field);
  });
  for (const { term } of isOwn ? keys.filter((key) => !fitting.includes(key)) : [])
    problems.push(`defaultSort names '${term}', which is not one of ${candidates(columns, isOrdering)}`);
  return fitting.map(({ property, direction, nulls }) => ({ property, direction, ...(nulls && { nulls }) }));
}

function candidates(columns: readonly ResourceColumn[], fits: (field: QueryField) => boolean): string {
  return columns
    .filter((column) => fits({ path: column.property, relations: [], column }))
    .map(({ property }) => property)
    .join(', ');
}

function isComparable(column: ResourceColumn): boolean {
  // TypeORM has no column name for virtual properties in the condition of a statement. A tenant column that may be NULL
  // distinguishes own rows from shared ones; any other one has the same value in all rows.
  const isConstant = column.tenant && !column.metadata.isNullable;
  return isSelected(column) && !isConstant && !column.metadata.isVirtualProperty;
}

function isSortable(column: ResourceColumn): boolean {
  const { comparability } = column.type;
  return isComparable(column) && comparability !== undefined && comparability !== 'list';
}

/** Only to-one relations: with several related rows the sort value of a row is ambiguous. */
function isOrdering({ column, relations }: QueryField): boolean {
  return isSortable(column) && relations.every(({ isManyToOne, isOneToOne }) => isManyToOne || isOneToOne);
}

function isSearchable({ column }: QueryField): boolean {
  return isComparable(column) && column.type.comparability === 'text';
}

function isWholeNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
