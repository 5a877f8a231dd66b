import { Catch, HttpException, InternalServerErrorException, Logger } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { toHttpException } from '../../tenancy/http/http-exception.mapper.js';
import { toRetryableException } from '../../tenancy/http/retryable-error.js';
import { wantsProblemDocument } from './content-negotiation.js';
import type { ProblemDetailsMode } from './content-negotiation.js';
import { PROBLEM_MEDIA_TYPE, ProblemException } from './problem-details.js';

/**
 * Sends errors as problem details (RFC 9457) if the client's `Accept` prefers them to plain JSON; otherwise in Nest's
 * format. An error of a database that is unavailable is a 503. `@Crud` already does this for errors of its own
 * handlers. Register the filter globally to cover guards and routes without `@Crud`.
 *
 * @example
 * { provide: APP_FILTER, useClass: ProblemDetailsFilter }
 */
@Catch()
export class ProblemDetailsFilter extends BaseExceptionFilter {
  private static readonly log = new Logger('ExceptionsHandler');

  protected readonly mode: ProblemDetailsMode = 'negotiate';

  override catch(exception: unknown, host: ArgumentsHost): void {
    const adapter = this.httpAdapterHost?.httpAdapter;
    const retryable = adapter === undefined ? undefined : toRetryableException(exception, host, adapter);
    const error = retryable ?? toHttpException(exception);
    if (host.getType() !== 'http' || error instanceof ProblemException || !wantsProblemDocument(host, this.mode)) {
      super.catch(error, host);
      return;
    }
    adapter?.setHeader(host.getArgByIndex(1), 'Content-Type', PROBLEM_MEDIA_TYPE);
    super.catch(new ProblemException(this.asHttpException(error)), host);
  }

  private asHttpException(error: unknown): HttpException {
    if (error instanceof HttpException) return error;
    // Errors of body parsers and of Fastify: body too large, invalid JSON.
    if (this.isHttpError(error)) return new HttpException(this.getHttpErrorMessage(error), error.statusCode);
    ProblemDetailsFilter.log.error(error);
    return new InternalServerErrorException();
  }
}

/** Like {@link ProblemDetailsFilter}, but ignores the client's `Accept`. */
@Catch()
export class AlwaysProblemDetailsFilter extends ProblemDetailsFilter {
  protected override readonly mode = true;
}
