import { badRequest } from '../errors/invalid-request.exception.js';
import { quoteName } from '../errors/echoed-names.js';
import type { JsonField } from './json-projection.js';

/** Maximum number of included relations per request. */
export const MAX_INCLUDES = 10;

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
  readonly json: readonly JsonField[] | undefined;
}

/** Parses `?include=assignee,comments.author`. */
export function readInclude(text: string, { include }: ProjectionRules, problems: string[]): string[] {
  const paths = namesIn(text, 'include', include, problems);
  if (paths.length > MAX_INCLUDES) problems.push(`include must name at most ${MAX_INCLUDES} relations`);
  return paths;
}

/** Parses `?fields=id,subject` to property names. */
export function readFields(text: string, { fields }: ProjectionRules, problems: string[]): string[] {
  return namesIn(text, 'fields', fields, problems).map((name) => fields.get(name) ?? name);
}

/**
 * Parses the projection in the query of a single row. Other parameters are left to the handler.
 *
 * @throws BadRequestException with all errors
 */
export function readRowQuery(raw: Readonly<Record<string, unknown>>, rules: ProjectionRules): Projection {
  const problems: string[] = [];
  const read = (name: string, reader: typeof readInclude): string[] | undefined => {
    const text = raw[name];
    if (text === undefined || text === '') return undefined;
    if (typeof text === 'string') return reader(text, rules, problems);
    problems.push(`'${name}' must be given once, as text`);
    return undefined;
  };
  const include = read('include', readInclude);
  const fields = read('fields', readFields);
  if (problems.length > 0) throw badRequest(problems);
  return { ...(include && { include }), ...(fields && { fields }) };
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

function namesIn(
  text: string,
  parameter: string,
  allowed: ReadonlySet<string> | ReadonlyMap<string, unknown>,
  problems: string[],
): string[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const unknown = names.filter((name) => !allowed.has(name));
  if (unknown.length > 0) {
    const known = allowed.size > 0 ? `one of ${[...allowed.keys()].join(', ')}` : 'nothing';
    problems.push(`${parameter} must name ${known}, not ${unknown.slice(0, MAX_INCLUDES).map(quoteName).join(', ')}`);
  }
  return names;
}
