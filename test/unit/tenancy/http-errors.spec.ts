import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import {
  ReferenceUnknownError,
  SharedRowError,
  TenantScopeInvalidError,
  TenantScopeMissingError,
  TenantScopeViolationError,
  UniqueConflictError,
} from 'nestjs-muck';
import { EntityNotFoundError } from 'typeorm';
import { toHttpException } from '../../../lib/tenancy/http/http-exception.mapper.js';

describe('an error that a client is told', () => {
  it.each<[Error, status: number, message: unknown, isCause: boolean]>([
    [new EntityNotFoundError('Ticket', { id: 1 }), 404, 'Not Found', false],
    [new ReferenceUnknownError('Ticket', 'memberId'), 400, ['memberId refers to a row that does not exist'], true],
    [new UniqueConflictError('Ticket', ['code', 'year']), 409, ['code, year must be unique'], true],
    [new UniqueConflictError('Ticket', []), 409, ['a row with the same unique key exists already'], true],
    [new SharedRowError('Ticket'), 403, 'The row is shared by all tenants and cannot be changed here.', true],
    [new TenantScopeInvalidError('secret'), 403, 'This account may not access this.', false],
    [new TenantScopeViolationError('secret'), 403, 'This account may not access this.', false],
  ])('%p has the status %i', (error, status, message, isCause) => {
    const told = toHttpException(error);
    expect(told).toBeInstanceOf(HttpException);
    const { cause } = told as HttpException;
    expect((told as HttpException).getStatus()).toBe(status);
    expect((told as HttpException).getResponse()).toMatchObject({ message, statusCode: status });
    expect(cause).toBe(isCause ? error : undefined);
  });

  it('is the same where it is of the application, or a fault of it', () => {
    for (const error of [new Error('own'), new TenantScopeMissingError('a statement'), 'text', undefined])
      expect(toHttpException(error)).toBe(error);
  });
});
