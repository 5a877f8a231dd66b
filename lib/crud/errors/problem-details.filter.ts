import { Catch, HttpException, InternalServerErrorException, Logger } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { toHttpException } from '../../tenancy/http/http-exception.mapper.js';
import { wantsProblemDocument } from './content-negotiation.js';
import type { ProblemDetailsMode } from './content-negotiation.js';
import { PROBLEM_MEDIA_TYPE, ProblemException } from './problem-details.js';

/**
 * Answers errors with problem documents (RFC 9457), as far as the client's `Accept` prefers them to plain JSON; else as
 * Nest does. `@Crud` does so for what its routes throw. What guards throw, and errors of routes that are none of
 * `@Crud`, only a filter sees: register it for the whole application.
 *
 * @example
 * { provide: APP_FILTER, useClass: ProblemDetailsFilter }
 */
@Catch()
export class ProblemDetailsFilter extends BaseExceptionFilter {
  private static readonly log = new Logger('ExceptionsHandler');

  protected readonly mode: ProblemDetailsMode = 'negotiate';

  override catch(exception: unknown, host: ArgumentsHost): void {
    const error = toHttpException(exception);
    if (host.getType() !== 'http' || error instanceof ProblemException || !wantsProblemDocument(host, this.mode)) {
      super.catch(error, host);
      return;
    }
    this.httpAdapterHost?.httpAdapter.setHeader(host.getArgByIndex(1), 'Content-Type', PROBLEM_MEDIA_TYPE);
    super.catch(new ProblemException(this.asHttpException(error)), host);
  }

  private asHttpException(error: unknown): HttpException {
    if (error instanceof HttpException) return error;
    // Of body parsers and of Fastify: too large, no JSON.
    if (this.isHttpError(error)) return new HttpException(this.getHttpErrorMessage(error), error.statusCode);
    ProblemDetailsFilter.log.error(error);
    return new InternalServerErrorException();
  }
}

/** As {@link ProblemDetailsFilter}, whatever the client's `Accept` says. */
@Catch()
export class AlwaysProblemDetailsFilter extends ProblemDetailsFilter {
  protected override readonly mode = true;
}
