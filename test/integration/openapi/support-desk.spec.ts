import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describeResources } from 'nestjs-muck/openapi';
import request from 'supertest';
import type { Response } from 'supertest';
import { adaptersToTest } from '../../support/adapters.js';
import { openSupportDesk } from '../../support/support-desk.js';
import type { SupportDesk } from '../../support/support-desk.js';
import { Contract } from './contract.js';
import type { ContractDocument, DocumentedOperation } from './contract.js';

/** An id that no row has ever had. */
const NEVER = '2000000000';

const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';

/** Guards throw before a resource has a say in the form of an error. */
const GUARDS_OWN = ['401', '403'];

/** Documented answers that a client cannot bring about here, and why. */
const OUT_OF_REACH: readonly (readonly [operation: RegExp, status: string])[] = [
  // The database would have to be down.
  [/./, '503'],
  // Every signed-in user reads the news.
  [/^NewsfeedController_find/, '403'],
];

describe.each(adaptersToTest())('the document of the support desk, on %s', (adapter) => {
  let desk: SupportDesk;
  let contract: Contract;
  let tokens: { readonly member: string; readonly root: string };
  let tagId: number;
  let accept = JSON_TYPE;
  let count = 9000;

  beforeAll(async () => {
    desk = await openSupportDesk(adapter);
    contract = new Contract((await request(desk.app.getHttpServer()).get('/api/docs-json').expect(200)).body);
    tokens = { member: await desk.signIn('ada@acme.example'), root: await desk.signIn('root@platform.example') };
    tagId = (await send('post', '/api/tags', tokens.member, { name: 'late' })).body.id as number;
  });
  afterAll(() => desk?.close());

  const send = async (
    verb: DocumentedOperation['verb'],
    path: string,
    token?: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const call = request(desk.app.getHttpServer())[verb](path).set('Accept', accept).set(headers);
    if (token !== undefined) call.set('Authorization', `Bearer ${token}`);
    return await (body === undefined ? call : call.send(body as object));
  };
  const isWriting = ({ verb }: DocumentedOperation) => verb !== 'get';
  /** Who may do it: only the platform's own account writes the news. */
  const ownerOf = (operation: DocumentedOperation) =>
    operation.path.startsWith('/api/newsfeed') && isWriting(operation) ? tokens.root : tokens.member;
  const strangerTo = (operation: DocumentedOperation) =>
    operation.path.startsWith('/api/newsfeed') ? tokens.member : tokens.root;
  const bodyOf = ({ operation, path }: DocumentedOperation) => {
    if (path === '/api/auth/login') return { email: 'ada@acme.example', password: 'demo' };
    const body = operation.requestBody?.content['application/json'].schema;
    const given = { orderNumber: ++count, assigneeId: null, name: `n${++count}`, tags: [tagId] };
    return body && contract.example(body, given, true);
  };
  const newTicket = async (): Promise<string> => {
    const create = contract.operation('post', '/api/support-tickets');
    return String((await send('post', create.path, tokens.member, bodyOf(create))).body.id);
  };
  /** A path with the ids of rows that are there, below a ticket of its own. */
  const pathOf = async ({ path, verb }: DocumentedOperation): Promise<string> => {
    const ticket = path.includes('{ticketId}') ? await newTicket() : '';
    const below = path.replace('{ticketId}', ticket).replace('{linkedId}', String(tagId));
    if (below.endsWith('/resolution') && verb !== 'post') await send('post', below, tokens.member, { summary: 'Sent' });
    if (!below.includes('{id}')) return below;
    const collection = below.slice(0, below.indexOf('/{id}'));
    if (collection.endsWith('/comments')) await send('post', collection, tokens.member, { body: 'Seen' });
    const { body } = await send('get', `${collection}?limit=1&sort=-id`, tokens.member);
    const fallback = await send('get', `${collection}?limit=1`, tokens.member);
    const [row] = (body.items ?? fallback.body.items ?? []) as readonly { readonly id: number }[];
    // Nothing is below a ticket that is not there.
    return below.replace('{id}', String(row?.id ?? NEVER));
  };
  /** A path for each row that may be missing: all others are there. */
  const pathsWithout = async (operation: DocumentedOperation): Promise<string[]> => {
    const names = operation.path.match(/\{\w+\}/g) ?? [];
    const paths = await Promise.all(
      names.map((name) => pathOf({ ...operation, path: operation.path.replace(name, NEVER) })),
    );
    const isOnlyRow = operation.path.endsWith('/resolution') && operation.verb !== 'post';
    return isOnlyRow ? [...paths, operation.path.replace('{ticketId}', await newTicket())] : paths;
  };

  /** Brings an answer about, in each way that there is. */
  const provoke = async (operation: DocumentedOperation, status: string): Promise<Response[]> => {
    const { verb } = operation;
    const body = bodyOf(operation);
    const owner = ownerOf(operation);
    const nowhere = operation.path.replaceAll(/\{\w+\}/g, NEVER);
    if (operation.path === '/api/auth/login') {
      const given = { 400: {}, 401: { email: 'nobody@acme.example', password: 'x' } }[status] ?? body;
      return [await send(verb, operation.path, undefined, given)];
    }
    switch (status) {
      case '401':
        return [await send(verb, nowhere, undefined, body)];
      case '403':
        return [await send(verb, nowhere, strangerTo(operation), body)];
      case '404':
        return Promise.all((await pathsWithout(operation)).map((path) => send(verb, path, owner, body)));
    }
    const path = await pathOf(operation);
    switch (status) {
      case '400':
        return body === undefined
          ? [await send(verb, `${path}?fields=nonsense&nonsense=1`, owner)]
          : [await send(verb, path, owner, { nonsense: true })];
      case '409':
        await send('post', operation.path.endsWith('{id}') ? path.replace(/\/\w+$/, '') : path, owner, body);
        return [await send(verb, path, owner, body)];
      case '304': {
        const { headers } = await send(verb, path, owner);
        return [await send(verb, path, owner, undefined, { 'If-None-Match': headers['etag'] })];
      }
      case '412':
        return [await send(verb, path, owner, body, { 'If-Match': '"other"' })];
      case '415':
        return [await send(verb, path, owner, body, { 'Content-Type': 'application/x-www-form-urlencoded' })];
      default:
        if (path.endsWith('/restore')) await send('delete', path.replace(/\/restore$/, ''), owner);
        return [await send(verb, path, owner, body)];
    }
  };
  /** The description for clients that ask for problem details. */
  const problemDocument = (): ContractDocument => {
    const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
    return describeResources(desk.app, SwaggerModule.createDocument(desk.app, config), { problemDetails: true });
  };
  /** What the application answers otherwise than documented, to clients that prefer a media type. */
  const deviations = async (
    { contract, ...operation }: DocumentedOperation & { readonly contract: Contract },
    status: string,
    type: string,
  ): Promise<string[]> => {
    accept = type;
    const answers = await provoke(operation, status).finally(() => (accept = JSON_TYPE));
    if (answers.length === 0) return [`nothing brings about ${status}`];
    return answers.flatMap((answer) => {
      if (String(answer.status) !== status) return [`answered ${answer.status} ${answer.text}`];
      const isOther = type === PROBLEM_TYPE && !GUARDS_OWN.includes(status) && answer.type !== type;
      return [...contract.problems(operation, answer), ...(isOther ? [`came as ${answer.type}`] : [])];
    });
  };

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate({ ...contract.document })).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it.each([JSON_TYPE, PROBLEM_TYPE])(
    'describes every answer of every operation to clients that prefer %s',
    async (type) => {
      const prefersProblems = type === PROBLEM_TYPE;
      const told = prefersProblems ? new Contract(problemDocument()) : contract;
      const wrong: string[] = [];
      let tried = 0;
      for (const operation of told.operations()) {
        const { operationId, responses } = operation.operation;
        // What goes well comes last: it may remove the row.
        const statuses = Object.keys(responses).sort((one, other) => Number(other) - Number(one));
        for (const status of statuses) {
          if (OUT_OF_REACH.some(([name, which]) => name.test(operationId) && which === status)) continue;
          if (prefersProblems && responses[status].content?.[PROBLEM_TYPE] === undefined) continue;
          tried += 1;
          const problems = await deviations({ ...operation, contract: told }, status, type);
          wrong.push(...problems.map((problem) => `${operationId} ${status}: ${problem}`));
        }
      }
      expect(wrong).toEqual([]);
      expect(tried).toBeGreaterThan(prefersProblems ? 110 : 180);
    },
    120_000,
  );

  it('describes every parameter of every list, and no other is taken', async () => {
    const lists = contract.operations().filter(({ operation }) => operation.operationId.endsWith('_findAll'));
    expect(lists.filter(({ path }) => path.includes('{ticketId}'))).toHaveLength(2);
    const wrong: string[] = [];
    for (const list of lists) {
      const path = await pathOf(list);
      for (const parameter of list.operation.parameters.filter(({ in: place }) => place === 'query')) {
        const query = parameter.name === 'cursor' ? 'cursor=' : contract.query(parameter);
        const answer = await send('get', `${path}?${query}`, tokens.member);
        const isSparse = parameter.name === 'fields';
        const problems = answer.status === 200 ? contract.problems(list, answer, isSparse) : [answer.text];
        wrong.push(...problems.map((problem) => `${list.path} ${parameter.name}: ${problem}`));
      }
      expect(await send('get', `${path}?nonsense=1`, tokens.member)).toMatchObject({ status: 400 });
    }
    expect(wrong).toEqual([]);
  }, 120_000);

  it('below a ticket the path says which one it is, by its number, and no body does', () => {
    const below = contract.operations().filter(({ path }) => path.includes('{ticketId}'));
    expect(below).toHaveLength(12);
    for (const { operation } of below) {
      const parameter = operation.parameters.find(({ name }) => name === 'ticketId');
      expect(parameter).toMatchObject({ in: 'path', required: true, schema: { type: 'integer' } });
      const schema = operation.requestBody?.content[JSON_TYPE].schema;
      if (schema !== undefined) expect(contract.resolve(schema).properties).not.toHaveProperty('ticketId');
    }
  });

  it('is there to read and to try without signing in, and keeps to its own files', async () => {
    const page = await request(desk.app.getHttpServer()).get('/api/docs').expect(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    expect(page.text).toContain('swagger-ui');
    await request(desk.app.getHttpServer()).get('/api/docs/swagger-ui-init.js').expect(200);
    await request(desk.app.getHttpServer()).get('/api/docs/swagger-ui-bundle.js').expect(200);
  });

  it('names no column that a client cannot see or write', () => {
    const { paths, components } = contract.document;
    expect(JSON.stringify(paths)).not.toContain('passwordHash');
    expect(JSON.stringify(components)).not.toMatch(/passwordHash|platformAdmin/);
    for (const { operation } of contract.operations().filter(isWriting)) {
      const schema = operation.requestBody?.content['application/json'].schema;
      if (schema !== undefined) expect(JSON.stringify(contract.resolve(schema))).not.toContain('organizationId');
    }
  });
});
