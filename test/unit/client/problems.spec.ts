import { afterEach, describe, expect, it } from '@jest/globals';
import { ACCEPT_PROBLEM_DETAILS, ApiError, fieldMessages, problemOf, readProblem, unwrap } from 'nestjs-muck/client';
import type { ApiProblem } from 'nestjs-muck/client';

const NEST = { statusCode: 400, error: 'Bad Request', message: ['subject must be a string', '[3] id must be given'] };
const DETAILS = {
  type: 'about:blank',
  title: 'Conflict',
  status: 409,
  detail: 'orderNumber must be unique',
  errors: [{ detail: 'orderNumber must be unique', code: 'unique', pointer: '/orderNumber' }],
};

const responseOf = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });
const problemWith = (value: unknown): ApiProblem => {
  const problem = problemOf(value);
  if (problem === undefined) throw new Error('no problem');
  return problem;
};

describe('problemOf', () => {
  it('reads the body in the format of Nest', () => {
    expect(problemOf(NEST)).toEqual({
      kind: 'invalid',
      status: 400,
      message: 'subject must be a string; id must be given',
      errors: [{ message: 'subject must be a string' }, { message: 'id must be given', element: 3 }],
    });
    expect(problemOf({ statusCode: 404, message: 'Not Found' })).toEqual({
      kind: 'not-found',
      status: 404,
      message: 'Not Found',
      errors: [],
    });
  });

  it('has the texts of Nest that there are', () => {
    const messageOf = (body: object) => problemWith({ statusCode: 413, ...body }).message;
    expect(messageOf({ message: '', error: 'Payload Too Large' })).toBe('Payload Too Large');
    expect(messageOf({ message: [], error: 'Payload Too Large' })).toBe('Payload Too Large');
    expect(messageOf({ message: ['a', 1, null, 'b'], error: 'x' })).toBe('a; b');
    expect(problemWith({ statusCode: 400, message: ['[12] a\nb', 'see [1] a'] }).errors).toStrictEqual([
      { message: 'a\nb', element: 12 },
      { message: 'see [1] a' },
    ]);
  });

  it('reads problem details, with the field of each error', () => {
    expect(problemOf(DETAILS)).toEqual({
      kind: 'conflict',
      status: 409,
      message: 'orderNumber must be unique',
      errors: [{ message: 'orderNumber must be unique', code: 'unique', field: 'orderNumber' }],
    });
    const errors = [
      { detail: 'a', code: 'x', pointer: '/2/address/street~1no' },
      { detail: 'b', code: 'parameter', parameter: 'sort' },
      { detail: 'c', code: 'x', pointer: '/14' },
      { detail: 'd', pointer: '/a~0b' },
      { detail: 'e', pointer: '/2nd' },
      { detail: 'f', pointer: '/b2' },
    ];
    expect(problemWith({ title: 'Bad Request', status: 400, errors }).errors).toStrictEqual([
      { message: 'a', code: 'x', element: 2, field: 'address.street/no' },
      { message: 'b', code: 'parameter', parameter: 'sort' },
      { message: 'c', code: 'x', element: 14 },
      { message: 'd', field: 'a~b' },
      { message: 'e', field: '2nd' },
      { message: 'f', field: 'b2' },
    ]);
  });

  it.each([
    [400, 'invalid'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [409, 'conflict'],
    [412, 'precondition-failed'],
    [413, 'other'],
    [422, 'invalid'],
    [428, 'precondition-required'],
    [429, 'too-many-requests'],
    [500, 'other'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ])('tells %d as %s', (status, kind) => {
    expect(problemOf({ error: '', response: responseOf(status) })).toMatchObject({ kind, status });
  });

  it('reads results of generated clients and errors of Axios', () => {
    const problem = problemOf(DETAILS);
    const response = responseOf(409);
    expect(problemOf({ data: undefined, error: DETAILS, request: {}, response })).toEqual(problem);
    expect(problemOf({ status: 409, data: DETAILS, headers: response.headers })).toEqual(problem);
    expect(problemOf(Object.assign(new Error(), { response: { status: 409, data: DETAILS, headers: {} } }))).toEqual(
      problem,
    );
    expect(problemOf(new ApiError(problemWith(DETAILS)))).toEqual(problem);
    // Hey API throws the body, or returns it without a response.
    expect(problemOf({ error: DETAILS })).toEqual(problem);
  });

  it('has a text for a response of a proxy', () => {
    expect(problemOf({ error: '<html>', response: responseOf(502) })).toEqual({
      kind: 'unavailable',
      status: 502,
      message: 'HTTP status 502',
      errors: [],
    });
  });

  it.each([
    ['a successful result', { data: { status: 404, title: 'x' }, response: new Response(null) }],
    ['a successful result of orval', { status: 200, data: {}, headers: new Headers() }],
    ['a lost connection', new TypeError('fetch failed')],
    ['a lost connection of Hey API', { error: new TypeError('fetch failed'), request: {} }],
    ['a row', { id: 1, status: 'open' }],
    ['undefined', undefined],
    ['null', null],
    ['a text', 'Not Found'],
    ['a list', [NEST]],
  ])('is undefined for %s', (_name, value) => {
    expect(problemOf(value)).toBeUndefined();
  });

  it.each([undefined, null, '', [], {}, { statusCode: 'x', message: 1 }, { status: 409, title: 'x', errors: [1, {}] }])(
    'takes any body of an error response: %j',
    (error) => {
      expect(problemOf({ error, response: responseOf(409) })).toMatchObject({ kind: 'conflict', status: 409 });
    },
  );
});

describe('Retry-After', () => {
  const { now } = Date;
  afterEach(() => {
    Date.now = now;
  });

  it('is read from headers of fetch and of Axios, for 429 and 503', () => {
    const retryAfter = (status: number, headers: unknown) =>
      (problemWith({ status, data: {}, headers }) as { readonly retryAfter?: number }).retryAfter;
    expect(retryAfter(429, new Headers({ 'Retry-After': '7' }))).toBe(7);
    expect(retryAfter(503, { 'retry-after': '0' })).toBe(0);
    expect(retryAfter(503, {})).toBeUndefined();
    expect(retryAfter(503, undefined)).toBeUndefined();
    expect(retryAfter(503, { 'retry-after': 'soon' })).toBeUndefined();
    expect(retryAfter(503, { 'retry-after': '120' })).toBe(120);
    expect(retryAfter(503, { 'retry-after': '1 minute' })).toBeUndefined();
    expect(retryAfter(503, { 'retry-after': 7 })).toBeUndefined();
    expect(problemOf({ error: {}, response: responseOf(503, { 'Retry-After': '3' }) })).toMatchObject({
      retryAfter: 3,
    });
    expect(problemOf({ error: {}, response: responseOf(503) })).not.toHaveProperty('retryAfter');
    expect(retryAfter(409, { 'retry-after': '7' })).toBeUndefined();
  });

  it('may be a date, also of the past', () => {
    Date.now = () => Date.parse('2026-01-01T00:00:00Z');
    const at = (text: string) => problemOf({ status: 503, data: {}, headers: { 'retry-after': text } });
    expect(at('Thu, 01 Jan 2026 00:01:30 GMT')).toMatchObject({ retryAfter: 90 });
    expect(at('Wed, 31 Dec 2025 00:00:00 GMT')).toMatchObject({ retryAfter: 0 });
  });
});

describe('readProblem', () => {
  it('reads a response of fetch', async () => {
    const response = new Response(JSON.stringify(DETAILS), { status: 409 });
    expect(await readProblem(response)).toEqual(problemOf(DETAILS));
    const unavailable = new Response('<html>', { status: 503, headers: { 'Retry-After': '2' } });
    expect(await readProblem(unavailable)).toMatchObject({ kind: 'unavailable', retryAfter: 2, errors: [] });
  });

  it('leaves a successful response unread', async () => {
    const response = new Response('{"id":1}');
    expect(await readProblem(response)).toBeUndefined();
    expect(await response.json()).toEqual({ id: 1 });
    expect(await readProblem(new Response(null, { status: 304 }))).toBeUndefined();
  });
});

describe('unwrap', () => {
  it('returns the data', () => {
    expect(unwrap({ data: { id: 1 }, response: responseOf(200) })).toEqual({ id: 1 });
    expect(unwrap({ response: responseOf(204) })).toBeUndefined();
  });

  it('throws an ApiError with the problem', () => {
    expect(() => unwrap({ error: DETAILS, response: responseOf(409) })).toThrow(
      expect.objectContaining({ name: 'ApiError', message: 'orderNumber must be unique', problem: problemOf(DETAILS) }),
    );
  });

  it('throws other errors as they are', () => {
    const lost = new TypeError('fetch failed');
    expect(() => unwrap({ error: lost })).toThrow(lost);
  });
});

describe('fieldMessages', () => {
  const messagesOf = (body: object, names = ['subject', 'tags', 'orderNumber', 'address']) =>
    fieldMessages(problemWith(body), names);
  const nest = (...message: string[]) => messagesOf({ statusCode: 400, message });

  it('sorts problem details by their fields', () => {
    const errors = [
      { detail: 'a', code: 'x', pointer: '/subject' },
      { detail: 'b', code: 'x', pointer: '/subject' },
      { detail: 'c', code: 'x', pointer: '/address/street' },
      { detail: 'subject d', code: 'x', pointer: '/other' },
      { detail: 'subject e', code: 'x' },
      { detail: 'f', code: 'x', parameter: 'tags' },
    ];
    expect(messagesOf({ status: 400, title: 'Bad Request', errors })).toEqual({
      fields: { subject: ['a', 'b'], address: ['c'], tags: ['f'] },
      others: ['subject d', 'subject e'],
    });
  });

  it.each([
    ['subject must be a string', 'subject'],
    ['property subject should not exist', 'subject'],
    ['each value in tags must be an integer number', 'tags'],
    ['nested property address must be an object', 'address'],
    ['address.street must be a string', 'address'],
    ['[2] subject must be a string', 'subject'],
  ])('finds the field in a text of Nest: %s', (text, field) => {
    const { fields, others } = nest(text);
    expect(Object.keys(fields)).toEqual([field]);
    expect(others).toEqual([]);
  });

  it('finds each field of a conflict', () => {
    expect(nest('orderNumber, subject must be unique').fields).toEqual({
      orderNumber: ['orderNumber, subject must be unique'],
      subject: ['orderNumber, subject must be unique'],
    });
  });

  it.each(['subjects must be given', 'the subject is bad', 'subject', ''])('finds no field in: %s', (text) => {
    expect(nest(text)).toEqual({ fields: {}, others: [text] });
  });

  it('has the message of a problem without errors', () => {
    expect(messagesOf({ statusCode: 404, message: 'Not Found' })).toEqual({ fields: {}, others: ['Not Found'] });
  });
});

it('asks for problem details without refusing JSON', () => {
  expect(ACCEPT_PROBLEM_DETAILS.split(', ')).toEqual(['application/json', 'application/problem+json']);
});
