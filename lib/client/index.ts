/** The entry point `nestjs-muck/client`: for browsers and any other runtime with fetch. It has no imports. */
export { ApiError, unwrap } from './api-error.js';
export type { ApiProblem, ProblemDetail, ProblemKind } from './api-problem.js';
export { infinitePages, iteratePages, iterateRows, nextPageParam, previousPageParam } from './cursor-pages.js';
export type { CursorPage, InfinitePages, IterationOptions, ReadPage } from './cursor-pages.js';
export { fieldMessages } from './field-messages.js';
export type { FieldMessages } from './field-messages.js';
export { filterBy } from './filter-builder.js';
export type { FilterBuilder } from './filter-builder.js';
export { toFilters } from './filter-json.js';
export type { BuiltFilter, FilterInput, FilterOperator, Filters } from './filters.js';
export { toQuery, toSort } from './list-query.js';
export type { ListQuery, SortKey } from './list-query.js';
export { ACCEPT_PROBLEM_DETAILS, problemOf, readProblem } from './read-problem.js';
export type { ResponseLike } from './read-problem.js';
export type { RelationPath, RowKey, RowPath } from './row-paths.js';
