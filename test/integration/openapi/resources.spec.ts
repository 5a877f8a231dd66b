import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { createResourceDocument } from 'nestjs-muck/openapi';
import request from 'supertest';
import type { Response } from 'supertest';
import { Agent, Article, CreateTicketDto, News, openCrudDesk, Specimen, Ticket } from '../../support/crud-desk.js';
import type { Desk } from '../../support/crud-desk.js';
import { databasesToTest } from '../../support/databases.js';
import { Contract } from './contract.js';
import type { DocumentedOperation } from './contract.js';
import { Crate, CrateDto, CrateView, SignedInGuard } from './crates.js';

@Controller('tickets')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Ticket, {
  dto: { create: CreateTicketDto },
  search: ['subject', 'note'],
  also: ['createMany', 'restore'],
  include: ['assignee'],
})
class TicketsController extends CrudController<Ticket> {}

@Controller('flat-tickets')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Ticket, {
  only: ['findAll'],
  listFormat: 'array',
  limit: { max: 50 },
  filter: ['status', { column: 'subject', operators: ['eq', 'icontains'] }, 'assignee.name'],
  sort: ['createdAt'],
})
class FlatTicketsController extends CrudController<Ticket> {}

@Controller('numbered-tickets')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Ticket, { only: ['findAll'], paging: 'offset' })
class NumberedTicketsController extends CrudController<Ticket> {}

@Controller('streamed-tickets')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Ticket, { only: ['findAll'], paging: 'cursor' })
class StreamedTicketsController extends CrudController<Ticket> {}

@Controller('checked-tickets')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, requireIfMatch: true })
class CheckedTicketsController extends CrudController<Ticket> {}

@Controller('agents')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Agent, { include: ['tickets.assignee'] })
class AgentsController extends CrudController<Agent> {}

@Controller('specimens')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Specimen)
class SpecimensController extends CrudController<Specimen> {}

@Controller('articles')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Article)
class ArticlesController extends CrudController<Article> {}

@Controller('news')
@Crud(News, { only: ['findAll', 'findOne', 'create', 'replace', 'update', 'remove'] })
class NewsController extends CrudController<News> {}

@Controller('crates')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Crate)
class CratesController extends CrudController<Crate> {}

@Controller('packed-crates')
@TenantScoped()
@UseGuards(SignedInGuard)
@Crud(Crate, { dto: { create: CrateDto, detail: CrateView } })
class PackedCratesController extends CrudController<Crate> {}

const CONTROLLERS = [
  TicketsController,
  FlatTicketsController,
  NumberedTicketsController,
  StreamedTicketsController,
  CheckedTicketsController,
  AgentsController,
  SpecimensController,
  ArticlesController,
  NewsController,
  CratesController,
  PackedCratesController,
];

/** What the schemas cannot know of the rows of each resource. */
interface Subject {
  readonly path: string;
  readonly isReadOnly?: true;
  /** A property that no two rows share. */
  readonly unique?: string;
  /** The verbs that can break it; all by default. */
  readonly verbs?: readonly string[];
  /** Values that have to name other rows, or that must not repeat. */
  given?(): Readonly<Record<string, unknown>>;
  /** Makes another row refer to one. */
  refer?(id: unknown): Promise<unknown>;
  readonly unknownId?: string;
}

const isWritable = ({ isReadOnly }: Subject): boolean => isReadOnly !== true;

describe.each(databasesToTest())('the document of resources, on %s', (database) => {
  let desk: Desk;
  let contract: Contract;
  let agentId: number;
  let count = 0;

  const subjects: Subject[] = [
    { path: '/tickets', unique: 'orderNumber', given: () => ({ orderNumber: ++count, assigneeId: agentId }) },
    { path: '/flat-tickets', isReadOnly: true },
    { path: '/numbered-tickets', isReadOnly: true },
    { path: '/streamed-tickets', isReadOnly: true },
    {
      path: '/agents',
      refer: (id) => send('post', '/tickets', { orderNumber: ++count, subject: 'Late', assigneeId: id }),
    },
    {
      path: '/specimens',
      given: () => ({ keeper: agentId }),
      unknownId: '00000000-0000-4000-8000-000000000000',
    },
    // Its key is made of the title when a row is made, and stays.
    {
      path: '/articles',
      unique: 'title',
      verbs: ['post'],
      given: () => ({ title: `t${++count}` }),
      unknownId: 'nowhere',
    },
    {
      path: '/news',
      unique: 'code',
      given: () => ({ code: `c${++count}`, followsId: null }),
      refer: (id) => send('post', '/news', { code: `c${++count}`, followsId: id }),
    },
    { path: '/crates', unique: 'label', given: () => ({ label: `l${++count}` }) },
    { path: '/packed-crates', unique: 'label', given: () => ({ label: `l${++count}` }) },
  ];

  const send = async (verb: DocumentedOperation['verb'], path: string, body?: unknown, user: string | null = '1') => {
    const call = request(desk.app.getHttpServer())[verb](path);
    if (user !== null) call.set('x-user', user);
    return await (body === undefined ? call : call.send(body as object));
  };
  const bodyOf = ({ operation }: DocumentedOperation, subject: Subject, complete: boolean) =>
    contract.example(operation.requestBody!.content['application/json'].schema, subject.given?.(), complete) as Record<
      string,
      unknown
    >;
  /** The path of a new row. */
  const newRow = async (subject: Subject): Promise<string> => {
    const created = await send('post', subject.path, bodyOf(contract.operation('post', subject.path), subject, true));
    expect(created).toMatchObject({ status: 201 });
    return created.headers['location'];
  };
  const keeps = (operation: DocumentedOperation, answer: Response, status: number, isSparse = false): void => {
    expect([answer.status, answer.status === status ? '' : answer.text]).toEqual([status, '']);
    expect(contract.problems(operation, answer, isSparse)).toEqual([]);
  };

  beforeAll(async () => {
    desk = await openCrudDesk(CONTROLLERS, { database, entities: [Crate] });
    contract = new Contract(createResourceDocument(desk.app, { title: 'Desk', version: '1' }));
    agentId = (await send('post', '/agents', { name: 'Ada' })).body.id;
    for (const subject of subjects.filter(isWritable)) for (let row = 0; row < 2; row++) await newRow(subject);
  });
  afterAll(() => desk?.close());
  beforeEach(() => {
    count += 1000;
  });

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate({ ...contract.document })).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('examples and enumerations come from metadata, never from rows', async () => {
    const subject = subjects.find(({ path }) => path === '/news')!;
    const create = contract.operation('post', subject.path);
    const text = 'only-a-row-says-this';
    const written = { ...bodyOf(create, subject, true), code: text };
    keeps(create, await send('post', subject.path, written), 201);
    expect((await send('get', '/news?limit=50')).text).toContain(text);
    const document = createResourceDocument(desk.app, { title: 'Desk', version: '1' });
    expect(JSON.stringify(document)).not.toContain(text);
    expect(new Contract(document).document).toEqual(contract.document);
  });

  describe.each(subjects)('of $path', (subject) => {
    const item = `${subject.path}/{id}`;
    it('describes every parameter of its list as the list takes it, and no other is taken', async () => {
      const list = contract.operation('get', subject.path);
      for (const parameter of list.operation.parameters) {
        // A cursor is a page's to give; the empty one begins with the first page.
        const query = parameter.name === 'cursor' ? 'cursor=' : contract.query(parameter);
        const answer = await send('get', `${subject.path}?${query}`);
        keeps(list, answer, 200, parameter.name === 'fields');
        const { schema = {}, example } = parameter;
        if (example !== undefined) {
          expect(contract.fits(schema.contentSchema!, JSON.parse(example as string))).toBe(true);
          keeps(list, await send('get', `${subject.path}?filters=${encodeURIComponent(example as string)}`), 200);
        }
        if (contract.fits(schema, schema.type === 'array' ? ['nonsense'] : 'nonsense')) continue;
        keeps(list, await send('get', `${subject.path}?${parameter.name}=nonsense`), 400);
      }
      keeps(list, await send('get', `${subject.path}?nonsense=1`), 400);
    });

    it('describes every error that it can answer with, and no other', async () => {
      for (const operation of contract.operations().filter(({ path }) => path === subject.path || path === item)) {
        const { verb, path } = operation;
        const body = operation.operation.requestBody && bodyOf(operation, subject, true);
        const missing = path.replace('{id}', subject.unknownId ?? '2000000000');
        const { responses } = operation.operation;
        const unsigned = await send(verb, missing, body, null);
        if ('401' in responses) keeps(operation, unsigned, 401);
        else expect(unsigned.status).not.toBe(401);
        if ('403' in responses) keeps(operation, await send(verb, missing, body, '0'), 403);
        if (path === item) keeps(operation, await send(verb, missing, body), 404);
      }
    });

    it('describes the pages that cursors begin', async () => {
      const list = contract.operation('get', subject.path);
      const hasCursors = list.operation.parameters.some(({ name }) => name === 'cursor');
      expect(hasCursors).toBe(!['/flat-tickets', '/numbered-tickets'].includes(subject.path));
      if (!hasCursors) return;
      const first = await send('get', `${subject.path}?limit=1&cursor=`);
      keeps(list, first, 200);
      const next = encodeURIComponent(first.body.nextCursor as string);
      keeps(list, await send('get', `${subject.path}?limit=1&cursor=${next}`), 200);
    });
  });

  describe.each(subjects.filter(isWritable))('of $path, when rows are written,', (subject) => {
    const item = `${subject.path}/{id}`;

    it('describes what is answered to the smallest body, and to a full one', async () => {
      const create = contract.operation('post', subject.path);
      for (const complete of [false, true]) {
        const created = await send('post', subject.path, bodyOf(create, subject, complete));
        keeps(create, created, 201);
        keeps(contract.operation('get', item), await send('get', created.headers['location']), 200);
      }
      keeps(contract.operation('get', subject.path), await send('get', `${subject.path}?limit=50`), 200);
    });

    it('says which properties a body needs', async () => {
      const create = contract.operation('post', subject.path);
      const { required = [] } = contract.resolve(create.operation.requestBody!.content['application/json'].schema);
      for (const property of required) {
        const { [property]: _left, ...rest } = bodyOf(create, subject, true);
        keeps(create, await send('post', subject.path, rest), 400);
      }
      keeps(create, await send('post', subject.path, { ...bodyOf(create, subject, true), nonsense: 1 }), 400);
    });

    it('describes each property of a change as it is taken, null included', async () => {
      const update = contract.operation('patch', item);
      const { properties = {} } = contract.resolve(update.operation.requestBody!.content['application/json'].schema);
      const path = await newRow(subject);
      for (const [property, schema] of Object.entries(properties)) {
        const value = bodyOf(update, subject, true)[property];
        keeps(update, await send('patch', path, { [property]: value }), 200);
        if (Object.keys(schema).length === 0) continue;
        const cleared = await send('patch', path, { [property]: null });
        keeps(update, cleared, contract.fits(schema, null) ? 200 : 400);
      }
      keeps(update, await send('patch', path, {}), 200);
    });

    it('describes a replacement', async () => {
      const replace = contract.operation('put', item);
      const path = await newRow(subject);
      for (const complete of [true, false]) {
        keeps(replace, await send('put', path, bodyOf(replace, subject, complete)), 200);
      }
    });

    it('describes conflicts where there can be one', async () => {
      const { unique, refer, verbs = ['post', 'put', 'patch'] } = subject;
      for (const [verb, path] of [
        ['post', subject.path],
        ['put', item],
        ['patch', item],
      ] as const) {
        const operation = contract.operation(verb, path);
        const body = bodyOf(operation, subject, true);
        const isBreakable = unique !== undefined && unique in body && verbs.includes(verb);
        expect('409' in operation.operation.responses).toBe(isBreakable);
        if (!isBreakable) continue;
        await send('post', subject.path, {
          ...bodyOf(contract.operation('post', subject.path), subject, true),
          ...body,
        });
        const target = path === item ? await newRow(subject) : path;
        keeps(operation, await send(verb, target, body), 409);
      }
      const remove = contract.operation('delete', item);
      expect('409' in remove.operation.responses).toBe(refer !== undefined);
      const path = await newRow(subject);
      const id = (await send('get', path)).body.id as unknown;
      if (refer !== undefined) {
        expect(await refer(id)).toMatchObject({ status: 201 });
        keeps(remove, await send('delete', path), 409);
      } else {
        keeps(remove, await send('delete', path), 204);
        keeps(remove, await send('delete', path), 404);
      }
    });
  });

  it('describes rows that are made by the list, and brought back', async () => {
    const bulk = contract.operation('post', '/tickets/bulk');
    const body = (complete: boolean) => bodyOf(contract.operation('post', '/tickets'), subjects[0], complete);
    keeps(bulk, await send('post', '/tickets/bulk', [body(true), body(false)]), 201);
    keeps(bulk, await send('post', '/tickets/bulk', [{}]), 400);
    const [one] = [body(true)];
    keeps(bulk, await send('post', '/tickets/bulk', [one, one]), 409);
    const restore = contract.operation('post', '/tickets/{id}/restore');
    const path = await newRow(subjects[0]);
    await send('delete', path);
    keeps(restore, await send('post', `${path}/restore`), 200);
    keeps(restore, await send('post', '/tickets/2000000000/restore'), 404);
  });

  it('describes what a client may say of the version that it has', async () => {
    const as = (verb: DocumentedOperation['verb'], path: string, header: string, tag: string) =>
      request(desk.app.getHttpServer())[verb](path).set('x-user', '1').set(header, tag);
    const path = await newRow({ ...subjects[0], path: '/checked-tickets' });
    const read = await send('get', path);
    const tag = read.headers['etag'];
    const [findOne, update, remove] = (['get', 'patch', 'delete'] as const).map((verb) =>
      contract.operation(verb, '/checked-tickets/{id}'),
    );
    keeps(findOne, await as('get', path, 'if-none-match', tag), 304);
    keeps(update, await send('patch', path, { note: 'x' }), 428);
    keeps(update, await as('patch', path, 'if-match', '"other"').send({ note: 'x' }), 412);
    keeps(update, await as('patch', path, 'if-match', tag).send({ note: 'x' }), 200);
    keeps(remove, await as('delete', path, 'if-match', tag), 412);
    for (const { operation } of [update, remove]) {
      expect(operation.parameters).toContainEqual(expect.objectContaining({ name: 'If-Match', required: true }));
    }
    expect(findOne.operation.parameters).toContainEqual(expect.objectContaining({ name: 'If-None-Match' }));
  });
});
