import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { familyOf, leftOutTypes, REFUSED, storedTypes } from './column-types.js';

/** The SQL that shows exactly what a column holds. */
const EXACT = {
  postgres: (column: string) => `"${column}"::text`,
  mysql: (column: string) => `hex(\`${column}\`)`,
  sqlite: (column: string) => `quote("${column}")`,
};

describe.each(places)('a body from GET, sent back, on $adapter and $database', (place) => {
  const family = familyOf(place.database);
  const types = storedTypes(place.database).map((type, index) => ({ ...type, property: `c${index}` }));
  let world: ScopedApplication;

  @Entity()
  @TenantScoped()
  class Specimen {
    @PrimaryGeneratedColumn() id!: number;
    @Column() organizationId!: number;
  }
  for (const { property, options } of types) Column(options)(Specimen.prototype, property);

  @Controller('specimens')
  @UseGuards(TestGuard)
  @TenantScoped()
  @Crud(Specimen, { also: ['createMany'] })
  class SpecimensController extends CrudController<Specimen> {}

  beforeAll(async () => {
    world = await openScopedApplication({ ...place, entities: [Specimen], controllers: [SpecimensController] });
  });
  afterAll(() => world?.close());

  const send = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, body?: unknown) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { 'x-user': '1', 'content-type': 'application/json' };
    const { status, text } = await world.transport.send({ method, url, headers, ...sent });
    return { status, text };
  };
  const ask = <R>(sql: string): Promise<R> => world.tenancy.unscoped('a test', () => world.dataSource.query<R>(sql));
  const quoted = (name: string): string => (family === 'mysql' ? `\`${name}\`` : `"${name}"`);
  const exactly = async (id: number, property: string): Promise<unknown> => {
    const [row] = await ask<{ exact: unknown }[]>(
      `SELECT ${EXACT[family](property)} AS ${quoted('exact')} FROM specimen WHERE id = ${id}`,
    );
    return row.exact;
  };
  const insert = async (property: string, value: string): Promise<number> => {
    await ask(`INSERT INTO specimen (${quoted('organizationId')}, ${quoted(property)}) VALUES (1, ${value})`);
    const [row] = await ask<{ id: number }[]>('SELECT max(id) AS id FROM specimen');
    return row.id;
  };

  it('every type of the driver is tried, or named with the reason why not', () => {
    const tried = new Set([...types.map(({ type }) => type), ...Object.keys(leftOutTypes(place.database))]);
    expect(world.dataSource.driver.supportedDataTypes.filter((type) => !tried.has(type as string))).toEqual([]);
  });

  it.each(types.flatMap((type) => type.values.map((value) => ({ ...type, value }))))(
    '$name of $value is taken, and nothing of it changes',
    async ({ property, value }) => {
      const id = await insert(property, value);
      const url = `/specimens/${id}`;
      const before = await exactly(id, property);
      const read = await send('GET', url);
      expect(read.status).toBe(200);
      const body = JSON.parse(read.text) as Record<string, unknown>;
      const list = JSON.parse((await send('GET', '/specimens?sort=-id&limit=1')).text) as { items: unknown[] };
      expect(list.items).toEqual([body]);

      expect(await send('PUT', url, body)).toEqual(read);
      expect(await send('PATCH', url, body)).toEqual(read);
      expect(await send('GET', url)).toEqual(read);
      expect(await exactly(id, property)).toEqual(before);

      // Unless something is in its place, nothing is written.
      for (const method of ['PUT', 'PATCH'] as const) {
        await ask(`UPDATE specimen SET ${quoted(property)} = NULL WHERE id = ${id}`);
        expect(await send(method, url, body)).toEqual(read);
        expect(await exactly(id, property)).toEqual(before);
      }

      const { id: _, ...rest } = body;
      const posted = await send('POST', '/specimens', rest);
      expect(posted.status).toBe(201);
      const { id: made } = JSON.parse(posted.text) as { id: number };
      expect(await exactly(made, property)).toEqual(before);
      expect(JSON.parse(posted.text)).toEqual({ ...body, id: made });
      expect((await send('GET', `/specimens/${made}`)).text).toBe(posted.text);
      const bulk = await send('POST', '/specimens/bulk', [rest]);
      expect(bulk.status).toBe(201);
      expect(await exactly((JSON.parse(bulk.text) as { id: number }[])[0].id, property)).toEqual(before);
    },
  );

  it.each(REFUSED[family])('%s does not take %j', async (type, value) => {
    const { property } = types.find((column) => column.type === type)!;
    expect((await send('POST', '/specimens', { [property]: value })).status).toBe(400);
  });
});
