import { badRequest } from '../errors/invalid-request.exception.js';
import { bodyError, unknownProblem } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';

type Properties = Readonly<Record<string, unknown>>;

/**
 * Checks that a row exposes the non-column properties of a body. They were copied from a response and are ignored.
 *
 * @param row as stored
 * @throws BadRequestException for a property that does not exist; with `strictPayload` also for a value that differs
 *   from the row's
 */
export function assertShown<T extends object>(resource: Resource<T>, row: T, undecided: Properties = {}): void {
  const keys = Object.keys(undecided);
  if (keys.length === 0) return;
  const shown = resource.serializer.serialize(row, undefined) as Properties;
  const isShown = (key: string): boolean => Object.hasOwn(shown, key) && shown[key] !== undefined;
  const unknown = keys.filter((key) => !isShown(key));
  const untrue = resource.strictPayload
    ? keys.filter((key) => isShown(key) && JSON.stringify(shown[key]) !== JSON.stringify(undecided[key]))
    : [];
  const problems = [
    ...unknown.map(unknownProblem),
    ...untrue.map((key) => bodyError(key, `${key} is server-owned and must not be changed`, 'serverOwned')),
  ];
  if (problems.length > 0) throw badRequest(problems);
}

/** Returns an error for each non-column property in the body of a new row, for `strictPayload`. */
export function shownOnNewRow(undecided: Properties): RequestError[] {
  return Object.keys(undecided).map((key) =>
    bodyError(key, `${key} is server-owned and must not be set`, 'serverOwned'),
  );
}
