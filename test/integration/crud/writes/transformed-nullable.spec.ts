import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { ValueTransformer } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';

/** Takes Dates and nothing else. */
const asText: ValueTransformer = {
  to: (value: Date | null | undefined) => (value ? value.toISOString() : value),
  from: (value: string | null) => (value === null ? null : new Date(value)),
};
const asSeconds: ValueTransformer = {
  to: (value: Date | null | undefined) => (value ? value.getTime() / 1000 : value),
  from: (value: number | null) => (value === null ? null : new Date(value * 1000)),
};
const asCents: ValueTransformer = {
  to: (value: number | null | undefined) => (typeof value === 'number' ? Math.round(value * 100) : value),
  from: (value: number | null) => (value === null ? null : value / 100),
};

@Entity()
@TenantScoped()
class Event {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'varchar', length: 40, nullable: true, transformer: asText }) text!: Date | null;
  @Column({ type: 'int', nullable: true, transformer: asSeconds }) seconds!: Date | null;
  @Column({ type: Date, nullable: true, transformer: { to: (v) => v as unknown, from: (v) => v as unknown } })
  at!: Date | null;
  @Column({ type: 'int', nullable: true, transformer: asCents }) price!: number | null;
}

@Controller('events')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Event)
class EventsController extends CrudController<Event> {}

describe.each(places)('columns with a transformer that may be null, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  beforeAll(async () => {
    world = await openScopedApplication({ ...place, entities: [Event], controllers: [EventsController] });
  });
  afterAll(() => world?.close());

  const send = async (method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { 'x-user': '1', 'content-type': 'application/json' };
    const { status, text } = await world.transport.send({ method, url, headers, ...sent });
    return { status, body: JSON.parse(text) as Record<string, unknown> };
  };

  it('a body from GET can be sent back with PUT, with and without values', async () => {
    const instant = '2026-01-31T10:00:00.000Z';
    const values = { text: instant, seconds: instant, at: instant, price: 1.25 };
    const made = await send('POST', '/events', values);
    expect(made).toMatchObject({ status: 201, body: values });
    const url = `/events/${String(made.body['id'])}`;
    const read = await send('GET', url);
    expect(await send('PUT', url, read.body)).toEqual(read);
    const cleared = { ...read.body, text: null, seconds: null, at: null, price: null };
    expect(await send('PUT', url, cleared)).toEqual({ status: 200, body: cleared });
    expect(await send('PUT', url, read.body)).toEqual(read);
  });

  it('a value that neither the column nor the transformer takes is refused', async () => {
    expect(await send('POST', '/events', { text: 'yesterday' })).toMatchObject({ status: 400 });
    expect(await send('POST', '/events', { seconds: { a: 1 } })).toMatchObject({ status: 400 });
  });
});
