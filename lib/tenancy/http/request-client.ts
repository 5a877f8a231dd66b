import type { ExecutionContext } from '@nestjs/common';
import { currentContext } from '../context/tenant-context.js';
import type { WaitingClient } from '../context/tenant-context.js';

/** The members of Node's response that are read: of HTTP/1, and of HTTP/2, which has a stream instead. */
interface RawResponse {
  readonly destroyed?: boolean;
  readonly writableEnded?: boolean;
  readonly stream?: { readonly destroyed?: boolean };
}

/** The client of an HTTP request. */
export class RequestClient implements WaitingClient {
  private readonly response: RawResponse;

  constructor(context: ExecutionContext) {
    this.response = rawResponseOf(context);
  }

  /** True if the connection was closed before the response was written. */
  get isGone(): boolean {
    const { destroyed, stream, writableEnded } = this.response;
    return (destroyed ?? stream?.destroyed) === true && writableEnded !== true;
  }
}

/** Returns Node's response of an HTTP request; Fastify has it within its own. */
export function rawResponseOf<R extends object = RawResponse>(context: ExecutionContext): R {
  const response = context.switchToHttp().getResponse<R & { readonly raw?: R }>();
  return response.raw ?? response;
}

/**
 * Marks the current request as one that may be dropped while it waits for a connection: its handler does nothing before
 * its first statement.
 */
export function noteWaitingClient(context: ExecutionContext): void {
  const unit = currentContext()?.unitOfWork;
  if (unit !== undefined) unit.client ??= new RequestClient(context);
}

/** Records that the handler of the current request has a result, so nothing of it is dropped any more. */
export function noteHandled(unit: { client: WaitingClient | undefined }): void {
  unit.client = undefined;
}

/** Returns true for an HTTP request whose client has disconnected. */
export function isAbandoned(context: ExecutionContext): boolean {
  return context.getType() === 'http' && new RequestClient(context).isGone;
}
