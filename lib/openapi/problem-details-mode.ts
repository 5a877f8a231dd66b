import type { ApplicationConfig } from '@nestjs/core';
import { EXCEPTION_FILTERS_METADATA } from '../common/peer-internals.js';
import type { ProblemDetailsMode } from '../crud/errors/content-negotiation.js';
import { isInstance, safeRead } from '../common/safe-read.js';
import { AlwaysProblemDetailsFilter, ProblemDetailsFilter } from '../crud/errors/problem-details.filter.js';

/**
 * Returns when the filters of a route send errors as problem details, including those of guards.
 *
 * @param places the handler and its controller
 * @returns undefined if there is no such filter
 */
export function problemFilterOf(
  places: readonly Function[],
  config: ApplicationConfig,
): ProblemDetailsMode | undefined {
  const filters = [
    ...places.flatMap((place) => (Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, place) ?? []) as unknown[]),
    ...config.getGlobalFilters(),
    ...config.getGlobalRequestFilters().map(({ metatype }) => metatype),
  ];
  if (filters.some((filter) => isKind(filter, AlwaysProblemDetailsFilter))) return true;
  return filters.some((filter) => isKind(filter, ProblemDetailsFilter)) ? 'negotiate' : undefined;
}

/** Filters are registered as classes or as instances. */
function isKind(filter: unknown, kind: new (...args: never[]) => object): boolean {
  if (typeof filter !== 'function') return isInstance(filter, kind);
  return filter === kind || isInstance(safeRead(filter, 'prototype'), kind);
}
