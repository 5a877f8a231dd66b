import type { ApiProblem } from './api-problem.js';
import { problemOf } from './read-problem.js';

/** An error response, as an error to throw. `problemOf()` returns its problem. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(readonly problem: ApiProblem) {
    super(problem.message);
  }
}

/** The result of a generated client that does not throw. */
interface ClientResult<Data> {
  readonly data?: Data | undefined;
  readonly error?: unknown;
  readonly response?: { readonly status: number };
}

/**
 * Returns the data of a result of openapi-fetch or Hey API.
 *
 * @throws ApiError if the response is an error
 * @throws Error for any other failure, such as a lost connection
 * @example
 * const page = unwrap(await api.GET('/api/support-tickets', { params: { query: { limit: 20 } } }));
 */
export function unwrap<Data>(result: ClientResult<Data>): Data {
  const problem = problemOf(result);
  if (problem !== undefined) throw new ApiError(problem);
  const { error } = result;
  if (error !== undefined) throw error instanceof Error ? error : new Error('The request failed.', { cause: error });
  // Safe cast: a successful response without a body has the type undefined.
  return result.data as Data;
}
