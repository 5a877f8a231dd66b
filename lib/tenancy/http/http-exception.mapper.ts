import { BadRequestException, ConflictException, ForbiddenException, NotFoundException } from '@nestjs/common';
import { EntityNotFoundError } from 'typeorm';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { SharedRowError } from '../../errors/shared-row.error.js';
import { TenantScopeInvalidError } from '../../errors/tenant-scope-invalid.error.js';
import { TenantScopeViolationError } from '../../errors/tenant-scope-violation.error.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';

/**
 * The HTTP answer to an error. Nothing of the database gets into it: no SQL, value or constraint name, and nothing that
 * would tell another tenant's row from one that does not exist.
 *
 * @returns an HttpException; the same error where Nest's own answer, a 500 without details, is the right one
 */
export function toHttpException(error: unknown): unknown {
  if (error instanceof EntityNotFoundError) return new NotFoundException();
  if (error instanceof ReferenceUnknownError) {
    return new BadRequestException([`${error.property} refers to a row that does not exist`], { cause: error });
  }
  if (error instanceof UniqueConflictError) return conflict(error);
  // The client sees the row, so that a 404 would contradict its GET.
  if (error instanceof SharedRowError)
    return new ForbiddenException('The row is shared by all and cannot be changed here.', { cause: error });
  if (error instanceof TenantScopeInvalidError || error instanceof TenantScopeViolationError) {
    return new ForbiddenException('Outside of what this account may reach.');
  }
  return error;
}

function conflict(error: UniqueConflictError): ConflictException {
  const names = error.properties.join(', ');
  const message = names === '' ? 'a row with the same unique key exists already' : `${names} must be unique`;
  return new ConflictException([message], { cause: error });
}
