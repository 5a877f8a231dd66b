import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudHooks } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn, VersionColumn } from 'typeorm';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { Random, seedOf } from '../../../support/random.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { TestGuard } from '../../../support/crud-desk.js';

/*
 * Clients of several tenants read and write at once, in transactions and without, and each answer is held against what its tenant has
 * written. Whatever kept a tenant beyond its request would show. TEST_SEED chooses other requests.
 */

const TENANTS = [1, 2, 3, 4];
/** Each client's next request waits for its last answer; there are as many at once as there are clients. */
const CLIENTS_PER_TENANT = 4;
const REQUESTS_PER_CLIENT = 40;
const seed = seedOf('TEST_SEED');

@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @VersionColumn() version!: number;
}

/** Makes transactions of writes, and keeps some of them open for a while. */
@Injectable()
class SlowHooks implements CrudHooks<Note> {
  async beforeCreate(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

@Controller('notes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Note)
class NotesController extends CrudController<Note> {}

@Controller('hooked-notes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Note, { hooks: [SlowHooks] })
class HookedNotesController extends CrudController<Note> {}

const adapters = adaptersToTest();
const places = databasesToTest().map((database, i) => ({ database, adapter: adapters[i % adapters.length] }));

describe.each(places)(`writers of several tenants from seed ${seed}, over $adapter, on $database`, (place) => {
  let application: ScopedApplication;
  const written = new Map(TENANTS.map((tenant) => [tenant, new Map<number, string>()]));

  beforeAll(async () => {
    application = await openScopedApplication({
      ...place,
      entities: [Note],
      controllers: [NotesController, HookedNotesController],
      providers: [SlowHooks],
    });
  });

  afterAll(() => application.close());

  const send = async (
    tenant: number,
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    text?: string,
  ): Promise<{ status: number; body: unknown }> => {
    const headers = { 'x-user': String(tenant), ...(text !== undefined && { 'content-type': 'application/json' }) };
    const sent = text === undefined ? {} : { body: JSON.stringify({ text }) };
    const answer = await application.transport.send({ method, url, headers, ...sent });
    return { status: answer.status, body: answer.text === '' ? undefined : JSON.parse(answer.text) };
  };

  /** One client: its rows are its own, and no other client of its tenant changes them. */
  const client = async (tenant: number, number: number): Promise<void> => {
    const random = new Random(seed * 1000 + tenant * 10 + number);
    const mine = new Map<number, string>();
    const all = written.get(tenant)!;
    for (let step = 0; step < REQUESTS_PER_CLIENT; step += 1) {
      const text = `${tenant}/${number}/${step}`;
      const path = random.pick(['/notes', '/hooked-notes']);
      const id = random.pick([...mine.keys(), 0]);
      if (id === 0) {
        const created = await send(tenant, 'POST', path, text);
        expect(created).toMatchObject({ status: 201, body: { organizationId: tenant, text } });
        mine.set((created.body as Note).id, text);
      } else if (random.chance(0.4)) {
        const changed = await send(tenant, 'PATCH', `${path}/${id}`, text);
        expect(changed).toMatchObject({ status: 200, body: { id, organizationId: tenant, text } });
        mine.set(id, text);
      } else if (random.chance(0.3)) {
        expect((await send(tenant, 'DELETE', `${path}/${id}`)).status).toBe(204);
        mine.delete(id);
      } else if (random.chance(0.5)) {
        expect(await send(tenant, 'GET', `${path}/${id}`)).toMatchObject({ body: { id, text: mine.get(id) } });
      } else {
        const { body } = await send(tenant, 'GET', `${path}?limit=100&sort=-id`);
        const { items, total } = body as { items: Note[]; total: number };
        expect(new Set(items.map(({ organizationId }) => organizationId))).toEqual(new Set([tenant]));
        expect(total).toBeGreaterThanOrEqual(mine.size);
      }
      // Another tenant's row is not there, whatever runs at the same time.
      const [foreign] = written.get(random.pick(TENANTS.filter((other) => other !== tenant)))!.keys();
      if (foreign !== undefined) expect((await send(tenant, 'PATCH', `/notes/${foreign}`, 'taken')).status).toBe(404);
      for (const [key, value] of mine) all.set(key, value);
    }
    for (const key of [...all.keys()].filter((key) => all.get(key)!.startsWith(`${tenant}/${number}/`))) {
      if (!mine.has(key)) all.delete(key);
    }
  };

  it('each find what they have written, and nothing else', async () => {
    const clients = TENANTS.flatMap((tenant) =>
      Array.from({ length: CLIENTS_PER_TENANT }, (_, number) => client(tenant, number)),
    );
    await Promise.all(clients);
    const rows = await application.tenancy.unscoped('the test looks at all of them', () =>
      application.dataSource.getRepository(Note).find({ order: { id: 'ASC' } }),
    );
    const expected = TENANTS.flatMap((tenant) => [...written.get(tenant)!].map(([id, text]) => [id, tenant, text]));
    expect(rows.map(({ id, organizationId, text }) => [id, organizationId, text])).toEqual(
      expected.sort(([a], [b]) => Number(a) - Number(b)),
    );
    expect(rows.length).toBeGreaterThan(TENANTS.length * CLIENTS_PER_TENANT);
  });
});
