import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { SentStatement } from '../../sample/01-support-desk/src/isolation/statement-log.js';
import { adaptersToTest } from '../support/adapters.js';
import { openSupportDesk } from '../support/support-desk.js';
import type { SupportDesk } from '../support/support-desk.js';

describe.each(adaptersToTest())('the statements that the support desk shows on %s', (adapter) => {
  let desk: SupportDesk;
  let ada: string;
  let grace: string;

  beforeAll(async () => {
    desk = await openSupportDesk(adapter, { showStatements: true });
    ada = await desk.signIn('ada@acme.example');
    grace = await desk.signIn('grace@globex.example');
  });
  afterAll(() => desk.close());

  const get = (token: string, path: string, name: string): request.Test =>
    request(desk.app.getHttpServer())
      .get(`/api/${path}`)
      .set('Authorization', `Bearer ${token}`)
      .set('X-Statements-For', name);
  const shown = (token: string, name: string): request.Test =>
    request(desk.app.getHttpServer()).get(`/api/isolation/statements/${name}`).set('Authorization', `Bearer ${token}`);
  const ofTenants = (statements: SentStatement[]): SentStatement[] => statements.filter(({ scope }) => scope !== null);

  it('are those of a request, with its tenant', async () => {
    await get(ada, 'support-tickets/61', 'foreign').expect(404);
    const statements = (await shown(ada, 'foreign').expect(200)).body as SentStatement[];
    expect(statements.slice(0, -1).map(({ scope }) => scope)).toEqual([null, null]);
    const [{ sql, parameters, scope }] = ofTenants(statements);
    expect(scope).toEqual({ organizationId: 1 });
    expect(sql).toContain('"organizationId" = $1');
    expect(parameters).toEqual([1, 61]);
  });

  it('are told to their sender only', async () => {
    await get(ada, 'support-tickets', 'mine').expect(200);
    await shown(grace, 'mine').expect(404);
    await shown(ada, 'never-sent').expect(404);
    await request(desk.app.getHttpServer()).get('/api/isolation/statements/mine').expect(401);
    await shown(ada, 'mine').expect(200);
  });

  it('stay apart when both organizations send the same request at once', async () => {
    const senders: [string, number][] = [
      [ada, 1],
      [grace, 2],
    ];
    await Promise.all(
      senders.map(([token]) => get(token, 'support-tickets?include=assignee,tags', 'same').expect(200)),
    );
    for (const [token, organizationId] of senders) {
      const statements = ofTenants((await shown(token, 'same').expect(200)).body as SentStatement[]);
      expect(statements.length).toBeGreaterThan(0);
      for (const { scope, parameters } of statements) {
        expect(scope).toEqual({ organizationId });
        expect(parameters[0]).toBe(organizationId);
      }
    }
  });

  it('are none where a service uses raw SQL, or gives a row away', async () => {
    const refused = await get(ada, 'isolation/raw-sql', 'raw').expect(500);
    expect(refused.body.message).toMatch(/^Statement refused: /);
    expect(ofTenants((await shown(ada, 'raw').expect(200)).body as SentStatement[])).toEqual([]);
    await request(desk.app.getHttpServer())
      .post('/api/isolation/move?organization=2&ticket=1')
      .set('Authorization', `Bearer ${ada}`)
      .set('X-Statements-For', 'moved')
      .expect(500);
    expect(ofTenants((await shown(ada, 'moved').expect(200)).body as SentStatement[])).toEqual([]);
  });

  it('give a service own rows, whatever its condition is', async () => {
    for (const path of ['isolation/without-where', 'isolation/or-true']) {
      const { body } = await get(grace, path, path).expect(200);
      expect(body).toHaveLength(5);
      expect(new Set(body.map((row: { organizationId: number }) => row.organizationId))).toEqual(new Set([2]));
    }
    expect((await get(grace, 'isolation/of-other?organization=1', 'other').expect(200)).body).toEqual([]);
    const { body } = await get(grace, 'isolation/report', 'report').expect(200);
    expect(body.reduce((sum: number, { tickets }: { tickets: number }) => sum + tickets, 0)).toBe(60);
  });

  it('are not shown unless the application is started for it', async () => {
    const plain = await openSupportDesk(adapter);
    const token = await plain.signIn('ada@acme.example');
    for (const path of ['isolation/statements/any', 'isolation/without-where'])
      await request(plain.app.getHttpServer()).get(`/api/${path}`).set('Authorization', `Bearer ${token}`).expect(404);
    await plain.close();
  });
});
