import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonSchema } from 'nestjs-muck/openapi';
import request from 'supertest';
import { adaptersToTest } from '../../support/adapters.js';
import { openSupportDesk } from '../../support/support-desk.js';
import type { SupportDesk } from '../../support/support-desk.js';
import { Contract } from './contract.js';
import type { DocumentedOperation } from './contract.js';

/** Writes in an order in which each finds its row: a ticket has at most one resolution, and only a deleted one is restored. */
const ORDER: readonly RegExp[] = [
  /^delete .*resolution$/,
  /^post (?!.*restore)/,
  /^put /,
  /^patch /,
  /^delete .*tags/,
  /^delete .*comments/,
  /^delete /,
  /restore$/,
];

/** The example of a body that `@nestjs/swagger` describes. */
function examplesOf({ properties = {} }: JsonSchema): object {
  const parts = Object.entries(properties as Record<string, JsonSchema & { readonly example?: unknown }>);
  return Object.fromEntries(parts.map(([name, { example }]) => [name, example]));
}

describe.each(adaptersToTest())('the examples of the document of the support desk, on %s', (adapter) => {
  let desk: SupportDesk;
  let contract: Contract;
  let tokens: { readonly member: string; readonly root: string };

  beforeAll(async () => {
    desk = await openSupportDesk(adapter);
    contract = new Contract((await request(desk.app.getHttpServer()).get('/api/docs-json').expect(200)).body);
    tokens = { member: await desk.signIn('ada@acme.example'), root: await desk.signIn('root@platform.example') };
  });
  afterAll(() => desk?.close());

  /** Sends what Swagger UI fills in: the examples and defaults of parameters, and the example of the body. */
  const execute = async ({ path, verb, operation }: DocumentedOperation): Promise<string[]> => {
    const filled = operation.parameters.flatMap((parameter) => {
      const value = parameter.example ?? parameter.schema?.default;
      return value === undefined
        ? []
        : [{ ...parameter, value: typeof value === 'string' ? value : JSON.stringify(value) }];
    });
    const missing = operation.parameters.filter(
      ({ name, required }) => required === true && !filled.some((parameter) => parameter.name === name),
    );
    if (missing.length > 0) return [`${verb} ${path} has no example of ${missing.map(({ name }) => name).join()}`];
    const url = filled
      .filter((parameter) => parameter.in === 'path')
      .reduce((text, { name, value }) => text.replace(`{${name}}`, value), path);
    const query = filled.filter((parameter) => parameter.in === 'query').map(({ name, value }) => [name, value]);
    const isRoot = path.startsWith('/api/newsfeed') && verb !== 'get';
    const call = request(desk.app.getHttpServer())[verb](url).query(Object.fromEntries(query));
    call.set('Authorization', `Bearer ${isRoot ? tokens.root : tokens.member}`);
    const content = operation.requestBody?.content['application/json'];
    const body = content?.example ?? (content && examplesOf(contract.resolve(content.schema)));
    const answer = await (body === undefined ? call : call.send(body));
    return answer.status < 300 ? [] : [`${verb} ${url} ${JSON.stringify(body)}: ${answer.status} ${answer.text}`];
  };
  const executeAll = async (operations: readonly DocumentedOperation[]): Promise<string[]> => {
    const failed: string[] = [];
    for (const operation of operations) failed.push(...(await execute(operation)));
    return failed;
  };

  it('every GET succeeds as it is filled in', async () => {
    const reads = contract.operations().filter(({ verb }) => verb === 'get');
    expect(reads.length).toBeGreaterThan(10);
    expect(await executeAll(reads)).toEqual([]);
  });

  it('every write takes the example of its body', async () => {
    const writes = contract.operations().filter(({ verb }) => verb !== 'get');
    const rank = ({ verb, path }: DocumentedOperation) => ORDER.findIndex((pattern) => pattern.test(`${verb} ${path}`));
    const ordered = writes.toSorted((one, other) => rank(one) - rank(other));
    expect(ordered.length).toBeGreaterThan(20);
    expect(await executeAll(ordered)).toEqual([]);
  });

  it('the page keeps the authorization over a reload, and says how to get a token', async () => {
    const { text } = await request(desk.app.getHttpServer()).get('/api/docs/swagger-ui-init.js').expect(200);
    expect(text).toMatch(/"persistAuthorization": true/);
    expect(contract.document).toMatchObject({ info: { description: expect.stringContaining('/api/auth/login') } });
  });
});
