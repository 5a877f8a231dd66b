import { expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { bindContext, isWriting, runAsWrite, runInRequest } from '../../../lib/tenancy/context/tenant-context.js';
import { noteWritingRequest } from '../../../lib/tenancy/context/writing-request.js';

function contextOf(type: string, method: string): ExecutionContext {
  return { getType: () => type, switchToHttp: () => ({ getRequest: () => ({ method }) }) } as never;
}

it.each([
  ['http', 'GET', false],
  ['http', 'HEAD', false],
  ['http', 'OPTIONS', false],
  ['http', 'POST', true],
  ['http', 'PUT', true],
  ['http', 'PATCH', true],
  ['http', 'DELETE', true],
  ['http', '', true],
  ['ws', 'POST', false],
])('a request by %s with the method "%s" writes: %p', (type, method, writes) => {
  const isNoted = runInRequest({}, () => {
    noteWritingRequest(contextOf(type, method));
    return isWriting();
  });
  expect(isNoted).toBe(writes);
});

it('a request outside of any unit of work is noted nowhere', () => {
  noteWritingRequest(contextOf('http', 'POST'));
  expect(isWriting()).toBe(false);
});

it('what writes outside of any request is a unit of work of its own', () => {
  expect(runAsWrite(isWriting)).toBe(true);
  expect(isWriting()).toBe(false);
  expect(bindContext(isWriting)()).toBe(false);
});
