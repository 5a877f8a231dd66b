import type { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';
import { quoted, truncateName } from './echoed-names.js';

/** What is wrong with a request, and where. */
export interface RequestError {
  /** For people: names the field or parameter, never a value. */
  readonly detail: string;
  /** For programs: `required`, `type`, `unique`, or the name of a class-validator rule. */
  readonly code: string;
  /** Where in the body, as a JSON pointer (RFC 6901). */
  readonly pointer?: string;
  /** Which query parameter. */
  readonly parameter?: string;
}

/**
 * A problem with a property of the body.
 *
 * @param path the property's path, its parts joined with dots
 */
export function bodyError(path: string, detail: string, code: string): RequestError {
  return { detail, code, pointer: pointerTo(path.split('.')) };
}

/** A property that the resource does not have. */
export function unknownProblem(key: string): RequestError {
  const name = /^\w{1,64}$/.test(key) ? key : quoted(key);
  return { detail: `property ${name} should not exist`, code: 'unknown', pointer: pointerTo([truncateName(key)]) };
}

/** A property that has to be given. */
export function missingProblem(path: string): RequestError {
  return bodyError(path, `${path} must be given`, 'required');
}

/** A reference to a row that the scope does not have. */
export function referenceProblem({ property }: ReferenceUnknownError): RequestError {
  return bodyError(property, `${property} refers to a row that does not exist`, 'reference');
}

/** The unique values that are taken; empty for another error. */
export function conflictProblems(error: unknown): RequestError[] {
  if (!(error instanceof UniqueConflictError)) return [];
  const { properties } = error;
  const detail =
    properties.length > 0 ? `${properties.join(', ')} must be unique` : 'a row with the same unique key exists already';
  return properties.length > 0
    ? properties.map((property) => bodyError(property, detail, 'unique'))
    : [{ detail, code: 'unique' }];
}

/** A problem with one element of a body that is a list: as Nest's ParseArrayPipe words it. */
export function elementProblem(index: number, { detail, code, pointer = '' }: RequestError): RequestError {
  return { detail: `[${index}] ${detail}`, code, pointer: `/${index}${pointer}` };
}

/** A JSON pointer. */
export function pointerTo(keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
