import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tenancy } from 'nestjs-muck';
import request from 'supertest';
import { SupportTicket } from '../../../sample/01-support-desk/src/support-tickets/support-ticket.entity.js';
import { User } from '../../../sample/01-support-desk/src/users/user.entity.js';
import { adaptersToTest } from '../../support/adapters.js';
import { openSupportDesk } from '../../support/support-desk.js';
import type { SupportDesk } from '../../support/support-desk.js';

const VERBS = ['get', 'put', 'patch', 'delete'] as const;
const TICKETS = '/api/support-tickets';
/** An id that no row has ever had. */
const NEVER = 2_000_000_000;
const NEW_TICKET = { orderNumber: 5000, subject: 'Where is my order?' };

describe.each(adaptersToTest())('G-07 the support desk on %s', (adapter) => {
  const tenancy = new Tenancy();
  let desk: SupportDesk;
  let ada: string;
  let acme: number;
  let foreignTicket: SupportTicket;
  let foreignUser: User;

  beforeAll(async () => {
    desk = await openSupportDesk(adapter);
    ada = await desk.signIn('ada@acme.example');
    await tenancy.unscoped('looks for rows of the other tenant', async () => {
      acme = (await desk.dataSource.getRepository(User).findOneByOrFail({ email: 'ada@acme.example' })).organizationId;
      foreignUser = await desk.dataSource.getRepository(User).findOneByOrFail({ email: 'grace@globex.example' });
      foreignTicket = await desk.dataSource
        .getRepository(SupportTicket)
        .findOneOrFail({ where: { organizationId: foreignUser.organizationId }, order: { id: 'ASC' } });
    });
  });
  afterAll(() => desk.close());

  const as = (token: string, verb: 'get' | 'post' | 'put' | 'patch' | 'delete', path: string): request.Test =>
    request(desk.app.getHttpServer())[verb](path).set('Authorization', `Bearer ${token}`);
  const stored = (id: number): Promise<SupportTicket | null> =>
    tenancy.unscoped('looks at a row of any tenant', () =>
      desk.dataSource.getRepository(SupportTicket).findOneBy({ id }),
    );

  it('lists the tickets of the own organization only, and counts those only', async () => {
    const { body } = await as(ada, 'get', `${TICKETS}?limit=100`).expect(200);
    expect(body).toMatchObject({ total: 60, limit: 100, offset: 0 });
    expect(body.items).toHaveLength(60);
    expect(new Set((body.items as SupportTicket[]).map(({ organizationId }) => organizationId))).toEqual(
      new Set([acme]),
    );
    expect(await tenancy.unscoped('counts all', () => desk.dataSource.getRepository(SupportTicket).count())).toBe(120);
  });

  it('shows its own tickets to the other organization, with the same order numbers', async () => {
    const grace = await desk.signIn('grace@globex.example');
    const mine = await as(ada, 'get', `${TICKETS}?limit=100&sort=orderNumber`).expect(200);
    const theirs = await as(grace, 'get', `${TICKETS}?limit=100&sort=orderNumber`).expect(200);
    const numbers = (answer: request.Response): unknown[] =>
      (answer.body.items as SupportTicket[]).map((t) => t.orderNumber);
    expect(numbers(theirs)).toEqual(numbers(mine));
    const ids = new Set((mine.body.items as SupportTicket[]).map(({ id }) => id));
    expect((theirs.body.items as SupportTicket[]).some(({ id }) => ids.has(id))).toBe(false);
  });

  it.each(VERBS)('answers %s of a foreign ticket exactly as of one that never existed', async (verb) => {
    const body = verb === 'put' || verb === 'patch' ? NEW_TICKET : undefined;
    const foreign = await as(ada, verb, `${TICKETS}/${foreignTicket.id}`).send(body);
    const missing = await as(ada, verb, `${TICKETS}/${NEVER}`).send(body);
    const heard = ({ status, headers, text }: request.Response): unknown => {
      const { date: _date, ...others } = headers as Record<string, string>;
      return { status, headers: others, text };
    };
    expect(foreign.status).toBe(404);
    expect(heard(foreign)).toEqual(heard(missing));
    expect(foreign.text).not.toContain(String(foreignTicket.id));
    expect(await stored(foreignTicket.id)).toEqual(foreignTicket);
  });

  it('stores what a body says for another organization in the own one', async () => {
    const body = { ...NEW_TICKET, organizationId: foreignUser.organizationId };
    const created = await as(ada, 'post', TICKETS).send(body).expect(201);
    expect(created.body).toMatchObject({ ...NEW_TICKET, organizationId: acme });
    const path = `${TICKETS}/${created.body.id}`;
    expect(created.headers['location']).toBe(path);
    await as(ada, 'put', path)
      .send({ ...body, subject: 'replaced' })
      .expect(200);
    expect(await stored(created.body.id as number)).toMatchObject({ organizationId: acme, subject: 'replaced' });
    await as(ada, 'patch', path).send({ organizationId: foreignUser.organizationId, subject: 'changed' }).expect(200);
    expect(await stored(created.body.id as number)).toMatchObject({ organizationId: acme, subject: 'changed' });
    await as(ada, 'delete', path).expect(204);
    await as(ada, 'get', path).expect(404);
  });

  it.each([
    ['POST', 'post', ''],
    ['PATCH', 'patch', '/own'],
  ] as const)('answers a %s that names a foreign assignee as one that does not exist', async (_name, verb, path) => {
    const { body } = await as(ada, 'get', `${TICKETS}?limit=1`).expect(200);
    const own = (body.items as SupportTicket[])[0].id;
    const target = `${TICKETS}${path === '' ? '' : `/${own}`}`;
    const answer = (assigneeId: number): request.Test =>
      as(ada, verb, target).send({ ...NEW_TICKET, orderNumber: 6000, assigneeId });
    const foreign = await answer(foreignUser.id);
    const missing = await answer(NEVER);
    expect(foreign.status).toBe(400);
    expect(foreign.body).toEqual(missing.body);
    expect(JSON.stringify(foreign.body)).toContain('assigneeId');
    expect((await stored(own))?.assigneeId).not.toBe(foreignUser.id);
  });

  it('asks for a token, and turns away an account without an organization', async () => {
    await request(desk.app.getHttpServer()).get(TICKETS).expect(401);
    await as('nonsense', 'get', TICKETS).expect(401);
    const root = await desk.signIn('root@platform.example');
    await as(root, 'get', TICKETS).expect(403);
    await as(root, 'get', '/api/newsfeed').expect(200);
  });

  it('gives the caller the own organization and its own users only', async () => {
    const organization = await as(ada, 'get', '/api/organization').expect(200);
    expect(organization.body).toMatchObject({ id: acme });
    const users = await as(ada, 'get', '/api/users').expect(200);
    expect((users.body.items as User[]).map(({ email }) => email).sort()).toEqual([
      'ada@acme.example',
      'alan@acme.example',
    ]);
  });

  it('names the field of a conflict, and nothing else', async () => {
    const { body } = await as(ada, 'get', `${TICKETS}?limit=1`).expect(200);
    const { orderNumber } = (body.items as SupportTicket[])[0];
    const conflict = await as(ada, 'post', TICKETS).send({ orderNumber, subject: 'again' }).expect(409);
    expect(JSON.stringify(conflict.body)).toContain('orderNumber');
    expect(JSON.stringify(conflict.body)).not.toMatch(/organizationId|key|insert|duplicate/i);
  });
});
