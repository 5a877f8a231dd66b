/**
 * The client of a request disconnected while the request waited, so the request was not begun: no statement was sent
 * for it.
 *
 * Over HTTP nothing can be sent any more. Filters and logs see status 499.
 *
 * @example
 * catch (error) {
 *   if (error instanceof ClientDisconnectedError) return;
 * }
 */
export class ClientDisconnectedError extends Error {
  override readonly name = 'ClientDisconnectedError';

  constructor() {
    super('The client disconnected before its request was begun.');
  }
}
