import type { ExecutionContext } from '@nestjs/common';

/** The observation of one HTTP request, from its interceptor to its response. */
export interface RequestObservation {
  /** Runs a part of the request, so that what it does belongs to the request. */
  run<R>(fn: () => R): R;
  /** Called once the handler has a result. */
  succeed(): void;
  /** Called with the error that ends the request, before or after it is mapped to an HTTP exception. */
  fail(error: unknown): void;
}

/** Observes the HTTP requests of an application. */
export abstract class RequestObserver {
  /** Begins an observation; undefined for a call that is not HTTP, or that is observed already. */
  abstract begin(context: ExecutionContext): RequestObservation | undefined;
}
