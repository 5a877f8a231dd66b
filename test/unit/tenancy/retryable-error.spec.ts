import { beforeEach, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { registerRetryableClassifier, toRetryableException } from '../../../lib/tenancy/http/retryable-error.js';
import type { RetryableKind } from '../../../lib/tenancy/http/retryable-error.js';

const response = {};
const headers: [response: unknown, name: string, value: string][] = [];
let areHeadersSent: boolean | undefined;
const adapter = {
  isHeadersSent: () => areHeadersSent,
  setHeader: (...header: [unknown, string, string]) => headers.push(header),
} as never;

const hostOf = (type: string, method: string): ArgumentsHost =>
  ({
    getType: () => type,
    switchToHttp: () => ({ getRequest: () => ({ method }), getResponse: () => response }),
  }) as never;

const cause = new Error('of the database');

function convert(kind: RetryableKind | undefined, type = 'http', method = 'POST'): HttpException | undefined {
  registerRetryableClassifier((error) => (error === cause ? kind : undefined));
  return toRetryableException(cause, hostOf(type, method), adapter);
}

beforeEach(() => {
  headers.length = 0;
  areHeadersSent = false;
});

it.each<[RetryableKind, string, number, unknown]>([
  ['race', 'POST', 409, ['the request conflicts with a concurrent one, try again']],
  ['race', 'GET', 503, 'The service is temporarily unavailable. Try again.'],
  ['unavailable', 'POST', 503, 'The service is temporarily unavailable. Try again.'],
  ['unavailable', 'GET', 503, 'The service is temporarily unavailable. Try again.'],
])('an error of the kind %s in a %s is a %d', (kind, method, status, message) => {
  const exception = convert(kind, 'http', method);
  expect(exception).toBeInstanceOf(HttpException);
  expect(exception?.getStatus()).toBe(status);
  expect(exception?.getResponse()).toMatchObject({ message });
  expect(exception?.cause).toBe(cause);
  expect(headers).toStrictEqual([[response, 'Retry-After', '1']]);
});

it('a lost race has a code of its own', () => {
  expect(convert('race')).toMatchObject({
    problems: [{ detail: 'the request conflicts with a concurrent one, try again', code: 'concurrent' }],
  });
});

it('no header is set on an answer that has begun', () => {
  areHeadersSent = true;
  expect(convert('race')?.getStatus()).toBe(409);
  expect(headers).toStrictEqual([]);
});

it.each<[string, RetryableKind | undefined, string]>([
  ['that would recur', undefined, 'http'],
  ['outside of HTTP', 'race', 'ws'],
])('an error %s stays as it is', (_case, kind, type) => {
  expect(convert(kind, type)).toBeUndefined();
  expect(headers).toStrictEqual([]);
});
