import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Exclude, Expose } from 'class-transformer';
import { IsOptional, IsString } from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { AfterLoad, Column, Entity, EventSubscriber, PrimaryGeneratedColumn } from 'typeorm';
import type { EntitySubscriberInterface } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';

abstract class Row {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: 'a' }) name!: string;
}

/** Its rows get a label when they are loaded, and short ones a note too. */
@Entity()
@TenantScoped()
class Labelled extends Row {
  label?: string;
  note?: string;
  @Exclude() internal?: string;

  @AfterLoad()
  setLabel(): void {
    this.label = `#${this.id} ${this.name}`;
    this.internal = 'internal';
    if (this.name.length === 1) this.note = 'short';
  }
}

/** Its rows get a label from a subscriber. */
@Entity()
@TenantScoped()
class Watched extends Row {}

@EventSubscriber()
class WatchedSubscriber implements EntitySubscriberInterface<Watched> {
  listenTo(): typeof Watched {
    return Watched;
  }
  async afterLoad(row: Watched): Promise<void> {
    await Promise.resolve();
    Object.assign(row, { label: `#${row.id} ${row.name}` });
  }
}

/** Each of its objects has a label from the start. */
@Entity()
@TenantScoped()
class Marked extends Row {
  label = 'marked';
}

/** A property that is computed. */
@Entity()
@TenantScoped()
class Computed extends Row {
  @Expose() get label(): string {
    return `#${this.id} ${this.name}`;
  }
}

/** Has rules of its own, and so has the DTO of its bodies. */
@Entity()
@TenantScoped()
class Ruled extends Row {
  @IsOptional() @IsString() declare name: string;
  label?: string;

  @AfterLoad()
  setLabel(): void {
    this.label = this.name;
  }
}
class RuledDto {
  @IsOptional() @IsString() name?: string;
}

/** Shows nothing but its columns. */
@Entity()
@TenantScoped()
class Plain extends Row {}

type AnyRow = new () => Row;

const controllerOf = (path: string, entity: AnyRow, options: object = {}) => {
  @Controller(path)
  @UseGuards(TestGuard)
  @TenantScoped()
  @Crud(entity as typeof Plain, { also: ['createMany'], ...options })
  class RowsController extends CrudController<Plain> {}
  return RowsController;
};

const SHOWING: [path: string, entity: AnyRow][] = [
  ['labelled', Labelled],
  ['watched', Watched],
  ['marked', Marked],
  ['computed', Computed],
  ['ruled', Ruled],
  ['ruled-dto', Ruled],
];

describe.each(places)('properties that rows show and that are no columns, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  beforeAll(async () => {
    world = await openScopedApplication({
      ...place,
      entities: [Labelled, Watched, Marked, Computed, Ruled, Plain],
      controllers: [
        controllerOf('labelled', Labelled),
        controllerOf('watched', Watched),
        controllerOf('marked', Marked),
        controllerOf('computed', Computed),
        controllerOf('ruled', Ruled),
        controllerOf('ruled-dto', Ruled, { dto: { create: RuledDto } }),
        controllerOf('plain', Plain),
        controllerOf('strict', Labelled, { strictPayload: true }),
      ],
      options: { subscribers: [WatchedSubscriber] },
    });
  });
  afterAll(() => world?.close());

  const send = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, body?: unknown, user = '1') => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { 'x-user': user, 'content-type': 'application/json' };
    const { status, text } = await world.transport.send({ method, url, headers, ...sent });
    return { status, body: JSON.parse(text) as Record<string, unknown> };
  };
  const make = async (path: string, name = 'a'): Promise<{ url: string; body: Record<string, unknown> }> => {
    const { body } = await send('POST', `/${path}`, { name });
    return { url: `/${path}/${String(body['id'])}`, body };
  };
  const count = (entity: AnyRow): Promise<number> =>
    world.tenancy.run({ organizationId: 1 }, () => world.dataSource.getRepository(entity).count());

  it.each(SHOWING)('a body of /%s from GET is taken by every route', async (path) => {
    const { url, body } = await make(path);
    expect(body['label']).toBeDefined();
    const read = await send('GET', url);
    expect(await send('PUT', url, read.body)).toEqual(read);
    expect(await send('PATCH', url, read.body)).toEqual(read);
    expect(await send('PATCH', url, { label: 'other' })).toEqual(read);
    expect(await send('GET', url)).toEqual(read);
    const { id: _, ...rest } = read.body;
    expect((await send('POST', `/${path}`, rest)).status).toBe(201);
    expect((await send('POST', `/${path}/bulk`, [rest, { name: 'b' }])).status).toBe(201);
  });

  it.each(SHOWING)('a property that no row of /%s shows is refused, and nothing is stored', async (path, entity) => {
    const { url, body } = await make(path);
    const before = await count(entity);
    const wrong = { ...body, name: 'b', labell: 'x' };
    const message = ['property labell should not exist'];
    for (const method of ['PUT', 'PATCH'] as const)
      expect(await send(method, url, wrong)).toMatchObject({ status: 400, body: { message } });
    expect(await send('POST', `/${path}`, wrong)).toMatchObject({ status: 400, body: { message } });
    expect(await send('POST', `/${path}/bulk`, [{}, wrong])).toMatchObject({
      status: 400,
      body: { message: ['[1] property labell should not exist'] },
    });
    expect(await count(entity)).toBe(before);
    expect((await send('GET', url)).body['name']).toBe('a');
  });

  it.each(SHOWING)("another tenant's row of /%s is not there, whatever the body", async (path) => {
    const { url, body } = await make(path);
    for (const method of ['PUT', 'PATCH'] as const) {
      expect((await send(method, url, body, '2')).status).toBe(404);
      expect((await send(method, `/${path}/999999`, body, '2')).status).toBe(404);
    }
    expect((await send('GET', url)).body).toEqual(body);
  });

  it('a property that only some rows show is taken for those', async () => {
    const [short, long] = [await make('labelled', 'a'), await make('labelled', 'long')];
    expect(short.body['note']).toBe('short');
    expect((await send('PUT', short.url, short.body)).status).toBe(200);
    expect(await send('PUT', long.url, { ...long.body, note: 'short' })).toMatchObject({
      status: 400,
      body: { message: ['property note should not exist'] },
    });
  });

  it('a property that is hidden from answers is refused', async () => {
    const { url } = await make('labelled');
    expect(await send('PATCH', url, { internal: 'x' })).toMatchObject({
      status: 400,
      body: { message: ['property internal should not exist'] },
    });
  });

  it('an entity that shows nothing but columns refuses every other property, without a statement', async () => {
    const { url } = await make('plain');
    expect((await send('PUT', url, { name: 'a', label: 'x' })).status).toBe(400);
    expect((await send('POST', '/plain', { name: 'a', label: 'x' })).status).toBe(400);
  });

  it('a strict resource takes such a property only as the row shows it', async () => {
    const { url, body } = await make('strict');
    expect((await send('PUT', url, body)).status).toBe(200);
    expect(await send('PUT', url, { ...body, label: 'x' })).toMatchObject({
      status: 400,
      body: { message: ['label is server-owned and must not be changed'] },
    });
    expect((await send('POST', '/strict', { name: 'a', label: 'x' })).status).toBe(400);
  });
});
