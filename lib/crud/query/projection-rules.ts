import type { JsonProjection } from './json-projection.js';

/** The included relations and selected properties of a response. */
export interface Projection {
  /** Paths of included relations: `['assignee', 'comments.author']`. */
  readonly include?: readonly string[];
  /** The only properties to return, in addition to included relations. */
  readonly fields?: readonly string[];
}

/** The rules for projections of clients. */
export interface ProjectionRules {
  /** Paths of the allowed relations, including intermediate ones. */
  readonly include: ReadonlySet<string>;
  /** Properties by JSON key. */
  readonly fields: ReadonlyMap<string, string>;
  /** JSON keys by property: of fields, and of relations that may be included. */
  readonly keys: ReadonlyMap<string, string>;
  /**
   * True if no property of the response is computed from other columns, so that only the selected columns need to be
   * loaded.
   */
  readonly canSelectSubset: boolean;
  /** The fields of the response if no entities are needed to serialize it. */
  readonly json: JsonProjection | undefined;
}

/** Returns the JSON keys that the response to a query contains; undefined for all exposed ones. */
export function visibleKeys(
  { include = [], fields }: Projection,
  { keys }: ProjectionRules,
): ReadonlySet<string> | undefined {
  if (fields === undefined) return undefined;
  return new Set([...fields, ...include.map((path) => path.split('.', 1)[0])].map((name) => keys.get(name) ?? name));
}

/** Returns the properties to load for some fields; undefined for all. */
export function columnsToSelect(
  fields: readonly string[] | undefined,
  { canSelectSubset }: ProjectionRules,
): readonly string[] | undefined {
  return canSelectSubset ? fields : undefined;
}
