import { isPromiseLike } from '../../common/is-promise-like.js';
import { InvalidRequestException } from './invalid-request.exception.js';
import { elementProblem } from './request-error.js';
import type { RequestError } from './request-error.js';

/**
 * Calls `work` for each element of a list, sequentially.
 *
 * @throws InvalidRequestException with the errors of all elements, each with the element's index
 */
export async function mapCollectingErrors<E, R>(
  elements: readonly E[],
  work: (element: E) => R | Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const problems: RequestError[] = [];
  for (const [index, element] of elements.entries()) {
    try {
      const result = work(element);
      results.push(isPromiseLike(result) ? await result : result);
    } catch (error) {
      if (!(error instanceof InvalidRequestException)) throw error;
      problems.push(...error.problems.map((problem) => elementProblem(index, problem)));
    }
  }
  if (problems.length > 0) throw new InvalidRequestException(problems);
  return results;
}
