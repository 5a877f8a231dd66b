import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import request from 'supertest';
import type { Response } from 'supertest';
import { adaptersToTest } from '../support/adapters.js';
import { openSupportDesk } from '../support/support-desk.js';
import type { SupportDesk } from '../support/support-desk.js';
import { Contract } from './contract.js';
import type { DocumentedOperation } from './contract.js';

/** An id that no row has ever had. */
const NEVER = '2000000000';

/** Documented answers that a client cannot bring about here, and why. */
const OUT_OF_REACH: readonly (readonly [operation: RegExp, status: string])[] = [
  // The database would have to be down.
  [/^HealthController_check$/, '503'],
  // Whoever is signed in reads the news.
  [/^NewsfeedController_find/, '403'],
];

describe.each(adaptersToTest())('the document of the support desk, on %s', (adapter) => {
  let desk: SupportDesk;
  let contract: Contract;
  let tokens: { readonly member: string; readonly root: string };
  let count = 9000;

  beforeAll(async () => {
    desk = await openSupportDesk(adapter);
    contract = new Contract((await request(desk.app.getHttpServer()).get('/api/docs-json').expect(200)).body);
    tokens = { member: await desk.signIn('ada@acme.example'), root: await desk.signIn('root@platform.example') };
  });
  afterAll(() => desk?.close());

  const send = async (verb: DocumentedOperation['verb'], path: string, token?: string, body?: unknown) => {
    const call = request(desk.app.getHttpServer())[verb](path);
    if (token !== undefined) call.set('Authorization', `Bearer ${token}`);
    return await (body === undefined ? call : call.send(body as object));
  };
  /** Not those below a parent: their paths need the id of a row that has what is asked for. */
  const operations = () => contract.operations().filter(({ path }) => /^[^{]*({id}[^{]*)?$/.test(path));
  const isWriting = ({ verb }: DocumentedOperation) => verb !== 'get';
  /** Who may do it: only the platform's own account writes the news. */
  const ownerOf = (operation: DocumentedOperation) =>
    operation.path.startsWith('/api/newsfeed') && isWriting(operation) ? tokens.root : tokens.member;
  const strangerTo = (operation: DocumentedOperation) =>
    operation.path.startsWith('/api/newsfeed') ? tokens.member : tokens.root;
  const bodyOf = ({ operation, path }: DocumentedOperation) => {
    if (path === '/api/auth/login') return { email: 'ada@acme.example', password: 'demo' };
    const body = operation.requestBody?.content['application/json'].schema;
    return body && contract.example(body, { orderNumber: ++count, assigneeId: null, name: `n${++count}` }, true);
  };
  /** A path with the id of a row that is there. */
  const pathOf = async ({ path }: DocumentedOperation): Promise<string> => {
    if (!path.includes('{id}')) return path;
    const collection = path.slice(0, path.indexOf('/{id}'));
    const { body } = await send('get', `${collection}?limit=1&sort=-id`, tokens.member);
    const fallback = await send('get', `${collection}?limit=1`, tokens.member);
    return path.replace('{id}', String((body.items ?? fallback.body.items)[0].id));
  };

  /** Brings an answer about. */
  const provoke = async (operation: DocumentedOperation, status: string): Promise<Response> => {
    const { verb } = operation;
    const body = bodyOf(operation);
    const owner = ownerOf(operation);
    if (operation.path === '/api/auth/login') {
      const given = { 400: {}, 401: { email: 'nobody@acme.example', password: 'x' } }[status] ?? body;
      return send(verb, operation.path, undefined, given);
    }
    switch (status) {
      case '400':
        return body === undefined
          ? send(verb, `${await pathOf(operation)}?fields=nonsense&nonsense=1`, owner)
          : send(verb, await pathOf(operation), owner, { nonsense: true });
      case '401':
        return send(verb, operation.path.replace('{id}', NEVER), undefined, body);
      case '403':
        return send(verb, operation.path.replace('{id}', NEVER), strangerTo(operation), body);
      case '404':
        return send(verb, operation.path.replace('{id}', NEVER), owner, body);
      case '409': {
        const collection = operation.path.split('/{id}', 1)[0];
        const taken = Array.isArray(body) ? (body as unknown[])[0] : body;
        await send('post', collection.replace(/\/bulk$/, ''), owner, taken);
        return send(verb, await pathOf(operation), owner, body);
      }
      case '304': {
        const path = await pathOf(operation);
        const { headers } = await send(verb, path, owner);
        return await request(desk.app.getHttpServer())
          .get(path)
          .set('Authorization', `Bearer ${owner}`)
          .set('If-None-Match', headers['etag']);
      }
      case '412':
        return await request(desk.app.getHttpServer())
          [verb](await pathOf(operation))
          .set('Authorization', `Bearer ${owner}`)
          .set('If-Match', '"other"')
          .send(body as object);
      default: {
        const path = await pathOf(operation);
        if (path.endsWith('/restore')) await send('delete', path.replace(/\/restore$/, ''), owner);
        return send(verb, path, owner, body);
      }
    }
  };

  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate({ ...contract.document })).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('describes every answer of every operation that is not below a parent as the application gives it', async () => {
    const wrong: string[] = [];
    let answers = 0;
    for (const operation of operations()) {
      const { operationId, responses } = operation.operation;
      // What goes well comes last: it may remove the row.
      const statuses = Object.keys(responses).sort((one, other) => Number(other) - Number(one));
      for (const status of statuses) {
        if (OUT_OF_REACH.some(([name, which]) => name.test(operationId) && which === status)) continue;
        const answer = await provoke(operation, status);
        answers += 1;
        const problems =
          String(answer.status) === status
            ? contract.problems(operation, answer)
            : [`answered ${answer.status} ${answer.text}`];
        wrong.push(...problems.map((problem) => `${operationId} ${status}: ${problem}`));
      }
    }
    expect(wrong).toEqual([]);
    expect(answers).toBeGreaterThan(50);
  }, 120_000);

  test('describes every parameter of every list that is not below a parent, and no other is taken', async () => {
    const lists = operations().filter(({ operation }) => operation.operationId.endsWith('_findAll'));
    expect(lists.length).toBeGreaterThan(2);
    const wrong: string[] = [];
    for (const list of lists) {
      for (const parameter of list.operation.parameters.filter(({ in: place }) => place === 'query')) {
        const text = parameter.name === 'cursor' ? '' : contract.parameterText(parameter);
        const answer = await send('get', `${list.path}?${parameter.name}=${encodeURIComponent(text)}`, tokens.member);
        const problems = answer.status === 200 ? contract.problems(list, answer) : [answer.text];
        wrong.push(...problems.map((problem) => `${list.path} ${parameter.name}: ${problem}`));
      }
      expect(await send('get', `${list.path}?nonsense=1`, tokens.member)).toMatchObject({ status: 400 });
    }
    expect(wrong).toEqual([]);
  }, 120_000);

  test('is there to read and to try without signing in, and keeps to its own files', async () => {
    const page = await request(desk.app.getHttpServer()).get('/api/docs').expect(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    expect(page.text).toContain('swagger-ui');
    await request(desk.app.getHttpServer()).get('/api/docs/swagger-ui-init.js').expect(200);
    await request(desk.app.getHttpServer()).get('/api/docs/swagger-ui-bundle.js').expect(200);
  });

  test('names no column that a client cannot see or write', () => {
    const text = JSON.stringify(contract.document);
    expect(text).not.toMatch(/passwordHash|platformAdmin/);
    for (const { operation } of contract.operations().filter(isWriting)) {
      const schema = operation.requestBody?.content['application/json'].schema;
      if (schema !== undefined) expect(JSON.stringify(contract.resolve(schema))).not.toContain('organizationId');
    }
  });
});
