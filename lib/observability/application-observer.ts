import type { ExecutionContext, OnApplicationShutdown } from '@nestjs/common';
import { HttpException, HttpStatus } from '@nestjs/common';
import type { Enforcement } from '../orm/enforcement/enforcement.js';
import type { StatementObserver } from '../orm/execution/statement-observer.js';
import { rawResponseOf } from '../tenancy/http/request-client.js';
import { RequestObserver } from '../tenancy/http/request-observer.js';
import type { RequestObservation } from '../tenancy/http/request-observer.js';
import { toHttpException } from '../tenancy/http/http-exception.mapper.js';
import { observeAll } from './combined-statement-observer.js';
import type { LoggingOptions } from './logging-options.js';
import type { ObservedDataSources } from './observed-data-sources.js';
import { RequestLog } from './request-log.js';
import { StatementLog } from './statement-log.js';
import type { RequestSpan } from './request-span.js';
import type { Telemetry } from './telemetry.js';

/** The property of a call's arguments that says that the call is observed. */
const OBSERVED = Symbol('observed');

/** Observes requests and statements of an application, for its log and its traces. */
export class ApplicationObserver extends RequestObserver implements OnApplicationShutdown {
  private readonly log: RequestLog;

  /** @param telemetry undefined if the application has no `@opentelemetry/api` */
  constructor(
    private readonly logging: LoggingOptions,
    private readonly telemetry: Telemetry | undefined,
    private readonly dataSources: ObservedDataSources,
  ) {
    super();
    this.log = new RequestLog(logging);
  }

  begin(context: ExecutionContext): RequestObservation | undefined {
    const call = context.getArgs<unknown[] & { [OBSERVED]?: true }>();
    if (call[OBSERVED] !== undefined || context.getType() !== 'http') return undefined;
    call[OBSERVED] = true;
    return new HttpObservation(context, this.log, this.telemetry?.startRequest(context), this.telemetry);
  }

  /** Observes the statements of a DataSource from now on. */
  observe(enforcement: Enforcement): void {
    this.dataSources.add(enforcement);
    const { slowStatement } = this.logging;
    const observers: (StatementObserver | undefined)[] = [
      slowStatement === undefined ? undefined : new StatementLog(slowStatement, enforcement.dialect),
      this.telemetry?.statementsOf(enforcement),
    ];
    enforcement.observer = observeAll(observers.filter((observer) => observer !== undefined));
  }

  onApplicationShutdown(): void {
    this.log.close();
  }
}

class HttpObservation implements RequestObservation {
  private readonly start = performance.now();
  private hasFailed = false;

  constructor(
    private readonly context: ExecutionContext,
    private readonly log: RequestLog,
    private readonly span: RequestSpan | undefined,
    private readonly telemetry: Telemetry | undefined,
  ) {}

  run<R>(fn: () => R): R {
    return this.span === undefined ? fn() : this.span.run(fn);
  }

  succeed(): void {
    this.span?.end(rawResponseOf<RawResponse>(this.context).statusCode ?? HttpStatus.OK, undefined);
  }

  fail(error: unknown): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    this.telemetry?.refused(error);
    // A filter of the application may send another status than the error has.
    afterResponse(this.context, error, (status) => {
      this.log.failed(this.context, error, status, performance.now() - this.start);
      this.span?.end(status, error);
    });
  }
}

/** The members of Node's response that are used. */
interface RawResponse {
  readonly headersSent?: boolean;
  readonly statusCode?: number;
  readonly destroyed?: boolean;
  readonly writableEnded?: boolean;
  once?(event: 'finish' | 'close', listener: () => void): unknown;
}

/** Calls `fn` with the status of the response once it is sent, or the client has disconnected. */
function afterResponse(context: ExecutionContext, error: unknown, fn: (status: number) => void): void {
  const response = rawResponseOf<RawResponse>(context);
  let isDone = false;
  const done = (): void => {
    if (isDone) return;
    isDone = true;
    fn((response.headersSent === true ? response.statusCode : undefined) ?? statusOf(error));
  };
  if (response.once === undefined || response.destroyed === true || response.writableEnded === true) return done();
  response.once('finish', done);
  response.once('close', done);
}

function statusOf(error: unknown): number {
  const exception = toHttpException(error);
  return exception instanceof HttpException ? exception.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
}
