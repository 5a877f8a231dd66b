import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Tenancy } from 'nestjs-muck';
import request from 'supertest';
import { HistoryEntry } from '../../sample/01-support-desk/src/support-tickets/history-entry.entity.js';
import { SupportTicket } from '../../sample/01-support-desk/src/support-tickets/support-ticket.entity.js';
import { Tag } from '../../sample/01-support-desk/src/support-tickets/tag.entity.js';
import { adaptersToTest } from '../support/adapters.js';
import { openSupportDesk } from '../support/support-desk.js';
import type { SupportDesk } from '../support/support-desk.js';

const TICKETS = '/api/support-tickets';

describe.each(adaptersToTest())('the support desk on %s', (adapter) => {
  const tenancy = new Tenancy();
  let desk: SupportDesk;
  let ada: string;

  beforeAll(async () => {
    desk = await openSupportDesk(adapter);
    ada = await desk.signIn('ada@acme.example');
  });
  afterAll(() => desk.close());

  const as = (token: string, verb: 'get' | 'post' | 'put' | 'patch' | 'delete', path: string): request.Test =>
    request(desk.app.getHttpServer())[verb](path).set('Authorization', `Bearer ${token}`);
  const stored = <R>(look: () => Promise<R>): Promise<R> => tenancy.unscoped('looks at rows of any tenant', look);
  const historyOf = (ticketId: number): Promise<HistoryEntry[]> =>
    stored(() => desk.dataSource.getRepository(HistoryEntry).find({ where: { ticketId }, order: { id: 'ASC' } }));

  it('has migrations that make the tables which its entities describe', async () => {
    const { upQueries } = await stored(() => desk.dataSource.driver.createSchemaBuilder().log());
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('writes down what becomes of a ticket, in words, and through whom', async () => {
    const { body } = await as(ada, 'post', TICKETS).send({ orderNumber: 7001, subject: 'First' }).expect(201);
    const path = `${TICKETS}/${body.id}`;
    await as(ada, 'patch', path).send({ assigneeId: 2, status: 'closed' }).expect(200);
    await as(ada, 'put', path).send({ orderNumber: 7001, subject: 'Second' }).expect(200);
    await as(ada, 'delete', path).expect(204);
    await as(ada, 'post', `${path}/restore`).expect(200);
    expect(await historyOf(body.id)).toMatchObject([
      { event: 'created', changes: [], authorId: 1, organizationId: 1 },
      {
        event: 'changed',
        changes: [
          { field: 'status', from: 'open', to: 'closed' },
          { field: 'assignee', from: null, to: 'Alan Turing' },
        ],
      },
      {
        event: 'changed',
        changes: [
          { field: 'subject', from: 'First', to: 'Second' },
          { field: 'status', from: 'closed', to: 'open' },
          { field: 'assignee', from: 'Alan Turing', to: null },
        ],
      },
      { event: 'deleted', changes: [] },
      { event: 'restored', changes: [] },
    ]);
  });

  it('stores neither a ticket nor its history where one of them cannot be', async () => {
    const count = (): Promise<number> => stored(() => desk.dataSource.getRepository(HistoryEntry).count());
    const before = await count();
    await as(ada, 'post', TICKETS).send({ orderNumber: 1001, subject: 'taken' }).expect(409);
    expect(await count()).toBe(before);

    await stored(() =>
      desk.dataSource.query('ALTER TABLE "history_entry" ADD CONSTRAINT "full" CHECK ("id" < 0) NOT VALID'),
    );
    Logger.overrideLogger(false);
    await as(ada, 'post', TICKETS).send({ orderNumber: 7002, subject: 'not written down' }).expect(500);
    Logger.overrideLogger(['fatal', 'error', 'warn']);
    await stored(() => desk.dataSource.query('ALTER TABLE "history_entry" DROP CONSTRAINT "full"'));
    const kept = await stored(() => desk.dataSource.getRepository(SupportTicket).countBy({ orderNumber: 7002 }));
    expect(kept).toBe(0);
  });

  it('filters and sorts tickets by their assignee and their tags', async () => {
    const list = async (query: string): Promise<SupportTicket[]> =>
      (await as(ada, 'get', `${TICKETS}?limit=100&${query}`).expect(200)).body.items as SupportTicket[];
    const ofAlan = await list('assignee.name__icontains=turing');
    expect(ofAlan.length).toBeGreaterThan(10);
    expect(new Set(ofAlan.map(({ assigneeId }) => assigneeId))).toEqual(new Set([2]));

    const sorted = (await list('sort=assignee.name,orderNumber')).map(({ assigneeId }) => assigneeId);
    expect(sorted).toEqual([
      ...sorted.filter((id) => id === 1),
      ...sorted.filter((id) => id === 2),
      ...sorted.filter((id) => id === null),
    ]);

    const billing = await list('tags.name=billing');
    const anvils = await list('tags.name=anvils');
    expect([billing.length, anvils.length].every((length) => length > 0 && length < 60)).toBe(true);
  });

  it('lets only the author change a comment', async () => {
    const comments = `${TICKETS}/1/comments`;
    const alan = await desk.signIn('alan@acme.example');
    const { body } = await as(ada, 'post', comments).send({ body: 'By Ada.', authorId: 2, ticketId: 2 }).expect(201);
    expect(body).toMatchObject({ body: 'By Ada.', authorId: 1, ticketId: 1 });

    const path = `${comments}/${body.id}`;
    await as(alan, 'patch', path).send({ body: 'By Alan.' }).expect(403);
    await as(alan, 'delete', path).expect(403);
    expect((await as(alan, 'get', path).expect(200)).body.body).toBe('By Ada.');
    await as(ada, 'patch', path).send({ body: 'By Ada, later.' }).expect(200);
    await as(ada, 'delete', path).expect(204);
  });

  it('shows nothing of the account behind the author of a comment', async () => {
    const { body } = await as(ada, 'get', `${TICKETS}/2/comments?include=author`).expect(200);
    expect(body.items.length).toBeGreaterThan(0);
    expect(body.items[0].author).toMatchObject({ name: expect.any(String) });
    expect(body.items[0].author).not.toHaveProperty('accountId');
  });

  it('lets the history be read, newest first, and never written', async () => {
    const history = `${TICKETS}/2/history`;
    const { body } = await as(ada, 'get', `${history}?sort=-createdAt&include=author`).expect(200);
    expect(body.items.at(-1)).toMatchObject({ event: 'created', author: { name: 'Ada Lovelace' } });
    const [{ id }] = body.items;
    await as(ada, 'post', history).send({ event: 'created', changes: [] }).expect(405);
    await as(ada, 'patch', `${history}/${id}`).send({ event: 'deleted' }).expect(405);
    await as(ada, 'delete', `${history}/${id}`).expect(405);
  });

  it('has one resolution for each ticket at most', async () => {
    const { body } = await as(ada, 'post', TICKETS).send({ orderNumber: 7003, subject: 'To be resolved' }).expect(201);
    const path = `${TICKETS}/${body.id}/resolution`;
    await as(ada, 'get', path).expect(404);
    await as(ada, 'post', path).send({ summary: 'Done.' }).expect(201);
    await as(ada, 'post', path).send({ summary: 'Done again.' }).expect(409);
    await as(ada, 'patch', path).send({ summary: 'Done well.' }).expect(200);
    expect((await as(ada, 'get', path).expect(200)).body).toMatchObject({ summary: 'Done well.', ticketId: body.id });
    await as(ada, 'delete', path).expect(204);
    await as(ada, 'get', path).expect(404);
  });

  it('tags tickets by what their bodies say, and writes that down', async () => {
    const { body } = await as(ada, 'post', TICKETS)
      .send({ orderNumber: 7004, subject: 'Tagged', tags: [1, 2] })
      .expect(201);
    const path = `${TICKETS}/${body.id}`;
    const tags = async (): Promise<number[]> =>
      (await as(ada, 'get', `${path}?include=tags`).expect(200)).body.tags.map(({ id }: { id: number }) => id);
    expect(await tags()).toEqual([1, 2]);
    await as(ada, 'patch', path)
      .send({ tags: [2, 3] })
      .expect(200);
    expect(await tags()).toEqual([2, 3]);
    const written = (await historyOf(body.id)).at(-1);
    expect(written?.changes).toEqual([{ field: 'tags', to: 'bug, delivery' }]);
    await as(ada, 'patch', path).send({ tags: [] }).expect(200);
    expect(await tags()).toEqual([]);
  });

  it('tells a signed-in user who they are, and the platform account that it has no organization', async () => {
    const { body, headers } = await as(ada, 'get', '/api/auth/me').expect(200);
    expect(body).toEqual({
      email: 'ada@acme.example',
      platformAdmin: false,
      user: { id: 1, name: 'Ada Lovelace', role: 'admin' },
      organization: { id: 1, name: 'Acme' },
    });
    expect(headers['cache-control']).toContain('no-store');
    const root = await desk.signIn('root@platform.example');
    expect((await as(root, 'get', '/api/auth/me').expect(200)).body).toEqual({
      email: 'root@platform.example',
      platformAdmin: true,
      user: null,
      organization: null,
    });
    await request(desk.app.getHttpServer()).get('/api/auth/me').expect(401);
  });

  it('keeps the tags of two users who tag one ticket at once, and writes both down', async () => {
    const alan = await desk.signIn('alan@acme.example');
    const { body } = await as(ada, 'post', TICKETS).send({ orderNumber: 7005, subject: 'Tagged by two' }).expect(201);
    const path = `${TICKETS}/${body.id}`;
    await Promise.all([as(ada, 'put', `${path}/tags/1`).expect(204), as(alan, 'put', `${path}/tags/2`).expect(204)]);
    await as(alan, 'put', `${path}/tags/2`).expect(204);
    const { tags } = (await as(ada, 'get', `${path}?include=tags`).expect(200)).body as SupportTicket;
    expect(tags.map(({ id }) => id).sort()).toEqual([1, 2]);
    await as(alan, 'delete', `${path}/tags/1`).expect(204);
    const written = (await historyOf(body.id)).slice(1);
    expect(new Set(written.map(({ authorId }) => authorId))).toEqual(new Set([1, 2]));
    expect(written.at(-1)).toMatchObject({
      authorId: 2,
      changes: [{ field: 'tags', from: 'billing, bug', to: 'bug' }],
    });
    expect(written).toHaveLength(3);
  });

  it('links no tag of another organization, and writes nothing down', async () => {
    const foreign = await stored(() => desk.dataSource.getRepository(Tag).findOneByOrFail({ organizationId: 2 }));
    const before = await historyOf(1);
    await as(ada, 'put', `${TICKETS}/1/tags/${foreign.id}`).expect(404);
    await as(ada, 'put', `${TICKETS}/61/tags/1`).expect(404);
    expect(await historyOf(1)).toEqual(before);
  });

  it('lists deleted tickets for administrators only, the last one first', async () => {
    const alan = await desk.signIn('alan@acme.example');
    const ids: number[] = [];
    for (const orderNumber of [7006, 7007]) {
      const { body } = await as(alan, 'post', TICKETS).send({ orderNumber, subject: 'To be deleted' }).expect(201);
      ids.push(body.id as number);
      await as(alan, 'delete', `${TICKETS}/${body.id}`).expect(204);
    }
    const deleted = `${TICKETS}?deleted=only&sort=-deletedAt`;
    const { body } = await as(ada, 'get', deleted).expect(200);
    expect(body.items.slice(0, 2).map(({ id }: { id: number }) => id)).toEqual(ids.reverse());
    await as(alan, 'get', deleted).expect(403);
    await as(alan, 'get', `${TICKETS}?deleted=include`).expect(403);
    await as(alan, 'get', TICKETS).expect(200);
    const grace = await desk.signIn('grace@globex.example');
    expect((await as(grace, 'get', deleted).expect(200)).body.items).toEqual([]);
    await as(alan, 'post', `${TICKETS}/${ids[0]}/restore`).expect(200);
  });

  it('overwrites no newer version of a ticket, a resolution, a comment and a news item', async () => {
    const root = await desk.signIn('root@platform.example');
    const { body } = await as(ada, 'post', TICKETS).send({ orderNumber: 7008, subject: 'For two' }).expect(201);
    const path = `${TICKETS}/${body.id}`;
    const rows: [string, string, object][] = [
      [ada, path, { subject: 'Changed' }],
      [ada, `${path}/resolution`, { summary: 'Changed' }],
      [ada, `${path}/comments/${await idOf(ada, `${path}/comments`, { body: 'First' })}`, { body: 'Changed' }],
      [root, `/api/newsfeed/${await idOf(root, '/api/newsfeed', { text: 'First' })}`, { text: 'Changed' }],
    ];
    await as(ada, 'post', `${path}/resolution`).send({ summary: 'First' }).expect(201);
    for (const [who, row, change] of rows) {
      const seen = (await as(who, 'get', row).expect(200)).headers['etag'];
      const current = (await as(who, 'patch', row).set('If-Match', seen).send(change).expect(200)).headers['etag'];
      await as(who, 'patch', row).set('If-Match', seen).send(change).expect(412);
      await as(who, 'delete', row).set('If-Match', seen).expect(412);
      expect((await as(who, 'get', row).expect(200)).headers['etag']).toBe(current);
    }
    for (const [who, row] of rows.reverse()) {
      const { headers } = await as(who, 'get', row).expect(200);
      await as(who, 'delete', row).set('If-Match', headers['etag']).expect(204);
    }
  });

  async function idOf(who: string, path: string, body: object): Promise<number> {
    return ((await as(who, 'post', path).send(body).expect(201)).body as { id: number }).id;
  }

  it('serves each script and style that its page names, and no other file', async () => {
    const get = (path: string): request.Test => request(desk.app.getHttpServer()).get(path);
    const { text } = await get('/').expect(200).expect('Content-Type', /html/);
    const assets = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
    expect(assets.length).toBeGreaterThan(20);
    for (const path of new Set(assets)) await get(path).expect(200).expect('X-Content-Type-Options', 'nosniff');
    for (const path of [
      'index.html',
      '..%2fsrc%2fmain.ts',
      'shell/..%2f..%2f..%2fpackage.json',
      'shell/none.js',
      'shell',
    ])
      await get(`/assets/${path}`).expect(404);
  });
});
