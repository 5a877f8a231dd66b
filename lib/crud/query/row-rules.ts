import { badRequest } from '../errors/invalid-request.exception.js';
import { quoted } from '../errors/echoed-names.js';
import type { JsonField } from './json-projection.js';

/** Most relations that one request may ask for. */
export const MAX_INCLUDES = 10;

/** What a request asks of the rows of its answer. */
export interface Projection {
  /** Paths of relations whose rows are read along: `['assignee', 'comments.author']`. */
  readonly include?: readonly string[];
  /** The only properties that rows shall have, besides what is included. */
  readonly fields?: readonly string[];
}

/** What a client may ask of the rows of an answer. */
export interface ProjectionRules {
  /** Paths of relations, and of those on the way to them. */
  readonly include: ReadonlySet<string>;
  /** Properties by their names in JSON. */
  readonly fields: ReadonlyMap<string, string>;
  /** Names in JSON, by property: of fields, and of relations that may be included. */
  readonly keys: ReadonlyMap<string, string>;
  /** Whether a field is all that its name in the answer needs: nothing is computed from others. */
  readonly canSelectSubset: boolean;
  /** The fields of the answer, where no entity is needed to show them. */
  readonly json: readonly JsonField[] | undefined;
}

/** `?include=assignee,comments.author` */
export function readInclude(text: string, { include }: ProjectionRules, problems: string[]): string[] {
  const paths = namesIn(text, 'include', include, problems);
  if (paths.length > MAX_INCLUDES) problems.push(`include must name at most ${MAX_INCLUDES} relations`);
  return paths;
}

/** `?fields=id,subject`, as properties. */
export function readFields(text: string, { fields }: ProjectionRules, problems: string[]): string[] {
  return namesIn(text, 'fields', fields, problems).map((name) => fields.get(name) ?? name);
}

/**
 * Reads what the query of a single row asks for. Other parameters are its handler's.
 *
 * @throws BadRequestException with every problem there is
 */
export function readRowQuery(raw: Readonly<Record<string, unknown>>, rules: ProjectionRules): Projection {
  const problems: string[] = [];
  const read = (name: string, reader: typeof readInclude): string[] | undefined => {
    const text = raw[name];
    if (text === undefined) return undefined;
    if (typeof text === 'string') return reader(text, rules, problems);
    problems.push(`'${name}' must be given once, as text`);
    return undefined;
  };
  const include = read('include', readInclude);
  const fields = read('fields', readFields);
  if (problems.length > 0) throw badRequest(problems);
  return { ...(include && { include }), ...(fields && { fields }) };
}

/** The names in JSON that an answer to a query has; undefined for all that it shows. */
export function visibleKeys(
  { include = [], fields }: Projection,
  { keys }: ProjectionRules,
): ReadonlySet<string> | undefined {
  if (fields === undefined) return undefined;
  return new Set([...fields, ...include.map((path) => path.split('.', 1)[0])].map((name) => keys.get(name) ?? name));
}

/** What has to be read for some fields; undefined for everything. */
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
    problems.push(`${parameter} must name ${known}, not ${unknown.slice(0, MAX_INCLUDES).map(quoted).join(', ')}`);
  }
  return names;
}
