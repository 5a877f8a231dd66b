import { badRequest } from '../errors/invalid-request.exception.js';
import { quoteName } from '../errors/echoed-names.js';
import type { Projection, ProjectionRules } from './projection-rules.js';

/** Maximum number of included relations per request. */
export const MAX_INCLUDES = 10;

/** Parses `?include=assignee,comments.author`. */
export function parseInclude(text: string, { include }: ProjectionRules, problems: string[]): string[] {
  const paths = namesIn(text, 'include', include, problems);
  if (paths.length > MAX_INCLUDES) problems.push(`include must name at most ${MAX_INCLUDES} relations`);
  return paths;
}

/** Parses `?fields=id,subject` to property names. */
export function parseFields(text: string, { fields }: ProjectionRules, problems: string[]): string[] {
  return namesIn(text, 'fields', fields, problems).map((name) => fields.get(name) ?? name);
}

/**
 * Parses the projection in the query of a single row. Other parameters are left to the handler.
 *
 * @throws BadRequestException with all errors
 */
export function parseProjection(raw: Readonly<Record<string, unknown>>, rules: ProjectionRules): Projection {
  const problems: string[] = [];
  const read = (name: string, reader: typeof parseInclude): string[] | undefined => {
    const text = raw[name];
    if (text === undefined || text === '') return undefined;
    if (typeof text === 'string') return reader(text, rules, problems);
    problems.push(`'${name}' must be given once, as text`);
    return undefined;
  };
  const include = read('include', parseInclude);
  const fields = read('fields', parseFields);
  if (problems.length > 0) throw badRequest(problems);
  return { ...(include && { include }), ...(fields && { fields }) };
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
