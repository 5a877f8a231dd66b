import {
  BadRequestException,
  ConflictException,
  ForbiddenException,
  HttpException,
  NotFoundException,
} from '@nestjs/common';
import { EntityNotFoundError } from 'typeorm';
import { ClientDisconnectedError } from '../../errors/client-disconnected.error.js';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { SharedRowError } from '../../errors/shared-row.error.js';
import { TenantScopeInvalidError } from '../../errors/tenant-scope-invalid.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import { conflictText, UniqueConflictError } from '../../errors/unique-conflict.error.js';

/**
 * Maps an error to an HTTP response. The response contains no SQL, value or constraint name, and does not distinguish
 * another tenant's row from a missing row.
 *
 * An error whose text may contain values is no cause of the exception, because loggers write causes. See
 * {@link originOf}.
 *
 * @returns an HttpException, or the same error if Nest's default response (500 without details) is right
 */
export function toHttpException(error: unknown): unknown {
  const exception = mapError(error);
  return exception === error ? error : withOrigin(exception as HttpException, error);
}

/** Records the error that an exception is sent for, for {@link originOf}. */
export function withOrigin<E extends HttpException>(exception: E, origin: unknown): E {
  origins.set(exception, origin);
  return exception;
}

/** The errors that exceptions were mapped from. */
const origins = new WeakMap<object, unknown>();

/** Returns the error that an exception was mapped from; the exception itself if it was not mapped. */
export function originOf(exception: unknown): unknown {
  const isObject = typeof exception === 'object' && exception !== null;
  return isObject && origins.has(exception) ? origins.get(exception) : exception;
}

function mapError(error: unknown): unknown {
  if (error instanceof EntityNotFoundError) return new NotFoundException();
  if (error instanceof ReferenceUnknownError) {
    return new BadRequestException([`${error.property} refers to a row that does not exist`], { cause: error });
  }
  if (error instanceof UniqueConflictError) return new ConflictException([conflictText(error)], { cause: error });
  // The client can read the row, so a 404 would contradict its GET.
  if (error instanceof SharedRowError)
    return new ForbiddenException('The row is shared by all tenants and cannot be changed here.', { cause: error });
  if (error instanceof TenantScopeInvalidError || error instanceof TenantScopeViolationError) {
    return new ForbiddenException('This account may not access this.');
  }
  if (error instanceof ClientDisconnectedError)
    return new HttpException('Client Closed Request', CLIENT_CLOSED_REQUEST, { cause: error });
  return error;
}

/** The status that proxies log for a client that did not wait. It is registered nowhere and never sent. */
const CLIENT_CLOSED_REQUEST = 499;
