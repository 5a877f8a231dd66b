import type { ApiProblem, ProblemDetail } from './api-problem.js';

/** The texts of a problem, by field. */
export interface FieldMessages<Name extends string> {
  /** The texts of each field that has errors. */
  readonly fields: { readonly [N in Name]?: readonly string[] };
  /** The texts that belong to none of the fields. */
  readonly others: readonly string[];
}

/**
 * Sorts the texts of a problem by the fields of a form. Problem details name the field of each; in Nest's format the
 * text begins with it.
 *
 * @param names the fields that can show a text
 * @example
 * const { fields, others } = fieldMessages(problem, ['orderNumber', 'subject']);
 * showAt('subject', fields.subject ?? []);
 */
export function fieldMessages<Name extends string>(problem: ApiProblem, names: readonly Name[]): FieldMessages<Name> {
  const fields: { [N in Name]?: string[] } = {};
  const others: string[] = [];
  for (const error of problem.errors) {
    const named = names.filter((name) => isAbout(error, name));
    for (const name of named) (fields[name] ??= []).push(error.message);
    if (named.length === 0) others.push(error.message);
  }
  if (problem.errors.length === 0) others.push(problem.message);
  return { fields, others };
}

function isAbout({ field, parameter, code, message }: ProblemDetail, name: string): boolean {
  const place = field ?? parameter;
  if (place !== undefined) return place === name || place.startsWith(`${name}.`);
  return code === undefined && isNamedIn(message, name);
}

/** Checks whether a text of class-validator or of the API begins with a name, or with a list of names. */
function isNamedIn(text: string, name: string): boolean {
  const start = /^(?:property |each value in |(?:each value in )?nested property )?(\w[\w.]*(?:, \w[\w.]*)*) /.exec(
    text,
  );
  return start !== null && start[1].split(', ').some((path) => path === name || path.startsWith(`${name}.`));
}
