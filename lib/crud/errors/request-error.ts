import type { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { conflictText, UniqueConflictError } from '../../errors/unique-conflict.error.js';
import { quoteName, truncateName } from './echoed-names.js';

/** An error in a request and its location. */
export interface RequestError {
  /** A text for people. It names the field or parameter, but never contains a value. */
  readonly detail: string;
  /** A code for programs: `required`, `type`, `unique`, `concurrent`, or the name of a class-validator rule. */
  readonly code: string;
  /** The location in the body, as a JSON pointer (RFC 6901). */
  readonly pointer?: string;
  /** The name of the query parameter. */
  readonly parameter?: string;
}

/**
 * Creates an error for a property of the body.
 *
 * @param path the property's path, its parts joined with dots
 */
export function bodyError(path: string, detail: string, code: string): RequestError {
  return { detail, code, pointer: pointerTo(path.split('.')) };
}

/** Creates an error for a property that the resource does not have. */
export function unknownProblem(key: string): RequestError {
  const name = /^\w{1,64}$/.test(key) ? key : quoteName(key);
  return { detail: `property ${name} should not exist`, code: 'unknown', pointer: pointerTo([truncateName(key)]) };
}

/** Creates an error for a required property that is missing. */
export function missingProblem(path: string): RequestError {
  return bodyError(path, `${path} must be given`, 'required');
}

/** Creates an error for a reference to a row that is not visible. */
export function referenceProblem({ property }: ReferenceUnknownError): RequestError {
  return bodyError(property, `${property} refers to a row that does not exist`, 'reference');
}

/** Returns an error for each property of a conflict with another row; empty for any other error. */
export function conflictProblems(error: unknown): RequestError[] {
  if (!(error instanceof UniqueConflictError)) return [];
  const { properties, isExclusion } = error;
  const detail = conflictText(error);
  const code = isExclusion ? 'conflict' : 'unique';
  return properties.length > 0 ? properties.map((property) => bodyError(property, detail, code)) : [{ detail, code }];
}

/** Adds the element's index to an error of a list body, in the format of Nest's ParseArrayPipe. */
export function elementProblem(index: number, { detail, code, pointer = '' }: RequestError): RequestError {
  return { detail: `[${index}] ${detail}`, code, pointer: `/${index}${pointer}` };
}

/** Returns the JSON pointer of a path of keys. */
export function pointerTo(keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
