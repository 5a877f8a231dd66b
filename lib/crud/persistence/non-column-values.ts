import { badRequest } from '../errors/invalid-request.exception.js';
import { bodyError, unknownProblem } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import type { Resource } from '../resource/resource.js';

type Properties = Readonly<Record<string, unknown>>;

/**
 * Requires that a row shows the properties of a body that are no columns. They come from an answer then, and have no effect.
 *
 * @param row as it is stored
 * @throws BadRequestException as for a property that does not exist; from a strict resource also for another value than the row shows
 */
export function requireShown<T extends object>(resource: Resource<T>, row: T, undecided: Properties = {}): void {
  const keys = Object.keys(undecided);
  if (keys.length === 0) return;
  const shown = resource.shape.serialize(row, undefined) as Properties;
  const isShown = (key: string): boolean => Object.hasOwn(shown, key) && shown[key] !== undefined;
  const unknown = keys.filter((key) => !isShown(key));
  const untrue = resource.strictPayload
    ? keys.filter((key) => isShown(key) && JSON.stringify(shown[key]) !== JSON.stringify(undecided[key]))
    : [];
  const problems = [
    ...unknown.map(unknownProblem),
    ...untrue.map((key) => bodyError(key, `${key} is not the client's to change`, 'serverOwned')),
  ];
  if (problems.length > 0) throw badRequest(problems);
}

/** What a body wrongly says of a new row of a strict resource: nothing is shown of it yet. */
export function shownOnNewRow(undecided: Properties): RequestError[] {
  return Object.keys(undecided).map((key) => bodyError(key, `${key} is not the client's to say`, 'serverOwned'));
}
