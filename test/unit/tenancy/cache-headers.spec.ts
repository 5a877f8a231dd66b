import { beforeEach, describe, expect, it } from '@jest/globals';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { setPrivateCacheHeaders } from '../../../lib/tenancy/http/cache-headers.js';
import type { HttpAdapter } from '../../../lib/tenancy/http/cache-headers.js';

/*
 * The headers by which caches keep tenants apart, on an adapter that has only these.
 */

interface Answer {
  readonly headers: Record<string, string | string[]>;
  readonly isSent?: boolean;
}

const adapter = {
  getRequestMethod: ({ method }: { method: string }) => method,
  isHeadersSent: ({ isSent = false }: Answer) => isSent,
  getHeader: ({ headers }: Answer, name: string) => headers[name],
  setHeader: ({ headers, isSent = false }: Answer, name: string, value: string) => {
    if (isSent) throw new Error('Cannot set headers after they are sent to the client');
    headers[name] = value;
  },
} as unknown as HttpAdapter;

/** The headers of an answer to `method`, which had `headers` before. */
function headersOf(method: string, headers: Answer['headers'] = {}, vary?: readonly string[]): Answer['headers'] {
  setPrivateCacheHeaders(adapter, new ExecutionContextHost([{ method }, { headers }]), vary);
  return headers;
}

describe('an answer about the account that asked', () => {
  // What earlier answers have left to remember must not stand in for what is told here.
  let forgotten = 0;
  beforeEach(() => {
    for (let i = 0; i < 100; i += 1) headersOf('GET', {}, [`X-Forgotten-${(forgotten += 1)}`]);
  });

  const PRIVATE = { 'Cache-Control': 'private', Vary: 'Authorization, Cookie' };

  it.each(['GET', 'HEAD'])('to %s is for its own cache alone, which tells accounts apart', (method) => {
    expect(headersOf(method)).toEqual(PRIVATE);
    expect(headersOf(method)).toEqual(PRIVATE);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'get', 'GETS'])('to %s is in no cache anyway', (method) => {
    expect(headersOf(method)).toEqual({});
  });

  it('that has been sent is left as it is', () => {
    const answer = { headers: {}, isSent: true };
    setPrivateCacheHeaders(adapter, new ExecutionContextHost([{ method: 'GET' }, answer]));
    expect(answer.headers).toEqual({});
  });

  it('keeps what a handler says of caches', () => {
    expect(headersOf('GET', { 'Cache-Control': 'no-store' })).toEqual({ ...PRIVATE, 'Cache-Control': 'no-store' });
    expect(headersOf('GET', { 'Cache-Control': '' })).toEqual(PRIVATE);
  });

  it.each<[what: string, before: string | string[], vary: readonly string[], after: string]>([
    ['nothing', '', [], 'Authorization, Cookie'],
    ['nothing, and a header of the resolver', '', ['X-Tenant'], 'Authorization, Cookie, X-Tenant'],
    ['nothing, and two of them', '', ['X-Tenant', 'X-Region'], 'Authorization, Cookie, X-Tenant, X-Region'],
    ['others', 'Origin', [], 'Origin, Authorization, Cookie'],
    ['others, however they are spaced', 'Origin ,Accept ,  X', ['Y'], 'Origin, Accept, X, Authorization, Cookie, Y'],
    ['others in a list', ['Origin', 'Accept'], [], 'Origin, Accept, Authorization, Cookie'],
    ['some of them, whatever their letters', 'cookie, x-tenant', ['X-Tenant'], 'cookie, x-tenant, Authorization'],
    ['all of them', 'COOKIE,AUTHORIZATION', [], 'COOKIE, AUTHORIZATION'],
    ['a name that begins like one', 'Cookie2', [], 'Cookie2, Authorization, Cookie'],
    ['everything', '*', ['X-Tenant'], '*'],
    ['everything, among others', 'Origin,*', ['X-Tenant'], 'Origin,*'],
    ['gaps', ', ,Origin,,', [], 'Origin, Authorization, Cookie'],
  ])('which varied on %s', (_, before, vary, after) => {
    // What is remembered must not be another answer's.
    for (let i = 0; i < 2; i += 1) {
      expect(headersOf('GET', { Vary: before }, vary)['Vary']).toBe(after);
      expect(headersOf('GET')['Vary']).toBe('Authorization, Cookie');
    }
  });

  it('varies on the same where many different ones have been answered', () => {
    for (let i = 0; i < 250; i += 1) {
      expect(headersOf('GET', {}, [`X-${i}`])['Vary']).toBe(`Authorization, Cookie, X-${i}`);
      expect(headersOf('GET', { Vary: `X-${i}` })['Vary']).toBe(`X-${i}, Authorization, Cookie`);
    }
  });

  it('has its headers set once', () => {
    const set: string[] = [];
    const noting = {
      ...adapter,
      setHeader: (_: Answer, name: string) => void set.push(name),
    } as unknown as HttpAdapter;
    const headers = { 'Cache-Control': 'private', Vary: 'Authorization, Cookie' };
    setPrivateCacheHeaders(noting, new ExecutionContextHost([{ method: 'GET' }, { headers }]));
    setPrivateCacheHeaders(noting, new ExecutionContextHost([{ method: 'GET' }, { headers: { Vary: '*' } }]));
    expect(set).toEqual(['Cache-Control']);
  });
});
