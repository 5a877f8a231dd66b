import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Crud, CrudController, TenantScoped, TenantShared } from 'nestjs-muck';
import { AfterLoad, Column, Entity, Generated, PrimaryColumn, PrimaryGeneratedColumn, QueryFailedError } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { databasesToTest } from '../../../support/databases.js';
import { describeEach } from '../../../support/describe-each.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { statementsSentBy } from '../../../support/sent.js';

/*
 * Writes that one statement could do, where code of the application or triggers of the database have a say.
 */

/** What reading a row throws, if anything. */
let failure: Error | undefined;

@Entity()
@TenantScoped()
class Alarm {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;

  @AfterLoad()
  ring(): void {
    if (failure !== undefined) throw failure;
  }
}

@Entity()
@TenantScoped()
class Contact {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  #email!: string;

  @Column()
  get email(): string {
    return this.#email;
  }
  set email(value: string) {
    this.#email = value.toLowerCase();
  }
}

@Entity()
@TenantShared('made of defaults alone')
class Draw {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ default: 'open' }) state!: string;
}

@Entity()
@TenantScoped()
class Place {
  @PrimaryColumn() name!: string;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
}

@Entity()
@TenantScoped()
class Receipt {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() @Generated('increment') number: number = 0;
}

const send = async (
  { transport }: ScopedApplication,
  method: 'GET' | 'POST' | 'PATCH',
  url: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> => {
  const { status, text } = await transport.send({
    method,
    url,
    headers: { 'x-user': '1/1', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
};

function controllerOf(entity: Type): Type {
  @Controller(entity.name.toLowerCase())
  @UseGuards(TestGuard)
  @TenantScoped()
  @Crud(entity, { only: ['findAll', 'findOne', 'create', 'createMany', 'update'] })
  class EntityController extends CrudController<object> {}
  return EntityController;
}

describe.each(databasesToTest())('writes beside code of the application on %s', (database) => {
  let application: ScopedApplication;
  beforeAll(async () => {
    const entities = [Alarm, Contact, Draw];
    application = await openScopedApplication({ database, entities, controllers: entities.map(controllerOf) });
  });
  afterAll(() => application?.close());
  beforeEach(() => {
    failure = undefined;
  });

  const names = async (): Promise<unknown[]> => {
    failure = undefined;
    const { body } = await send(application, 'GET', '/alarm');
    return (body as { items: { name: string }[] }).items.map(({ name }) => name);
  };

  it.each([
    ['an error', new Error('cannot be read')],
    [
      'an error of the database',
      new QueryFailedError('', [], Object.assign(new Error('duplicate key'), { code: '23505' })),
    ],
  ])('store no row of a list if reading one throws %s', async (_, thrown) => {
    failure = thrown;
    const { status } = await send(application, 'POST', '/alarm/bulk', [{ name: 'a' }, { name: 'b' }]);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(await names()).toEqual([]);
  });

  it('store what a setter makes of a value', async () => {
    const { body } = await send(application, 'POST', '/contact', { email: 'A@B.C' });
    const { id } = body as { id: number };
    const stored = async (): Promise<unknown> => {
      const rows = await application.tenancy.unscoped('looks at the row', () =>
        application.dataSource.query<{ email: string }[]>('SELECT email FROM contact'),
      );
      return rows.map(({ email }) => email);
    };
    expect(await stored()).toEqual(['a@b.c']);
    expect(await send(application, 'PATCH', `/contact/${id}`, { email: 'X@Y.Z' })).toMatchObject({
      status: 200,
      body: { email: 'x@y.z' },
    });
    expect(await stored()).toEqual(['x@y.z']);
  });

  it('store a row of defaults alone, and try no statement that the database refuses', async () => {
    const make = async (): Promise<void> => {
      expect(await send(application, 'POST', '/draw', {})).toMatchObject({ status: 201, body: { state: 'open' } });
    };
    await make();
    expect((await statementsSentBy(application.dataSource, make)).filter((sql) => /INSERT/.test(sql))).toHaveLength(1);
    const { status, body } = await send(application, 'POST', '/draw/bulk', [{}, {}]);
    expect({ status, body }).toMatchObject({ status: 201, body: [{ state: 'open' }, { state: 'open' }] });
  });
});

const servers = databasesToTest().filter((kind) => kind.startsWith('postgres'));

describeEach(servers, 'TEST_DATABASES names no PostgreSQL')('writes beside triggers on %s', (database) => {
  let application: ScopedApplication;
  beforeEach(async () => {
    const entities = [Place, Receipt];
    application = await openScopedApplication({ database, entities, controllers: entities.map(controllerOf) });
  });
  afterEach(() => application?.close());

  const run = (text: string): Promise<Record<string, unknown>[]> =>
    application.tenancy.unscoped('changes the schema', () => application.dataSource.query(text));
  const triggerOf = async (body: string): Promise<void> => {
    await run(`CREATE FUNCTION interfere() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`);
    await run('CREATE TRIGGER interferes BEFORE INSERT ON place FOR EACH ROW EXECUTE FUNCTION interfere()');
  };
  const stored = async (table = 'place'): Promise<unknown[]> => {
    const rows = await run(`SELECT name FROM ${table} ORDER BY name`);
    return rows.map(({ name }) => name);
  };

  it('store a row once that a trigger stores elsewhere', async () => {
    await run('CREATE TABLE place_of_one () INHERITS (place)');
    await triggerOf('INSERT INTO place_of_one SELECT NEW.*; RETURN NULL;');
    await send(application, 'POST', '/place', { name: 'a' });
    await send(application, 'POST', '/place/bulk', [{ name: 'b' }, { name: 'c' }]);
    const names = await stored('place_of_one');
    expect(names).toEqual([...new Set(names)]);
  });

  it('store all rows of a list or none if a trigger leaves one out', async () => {
    await triggerOf(`IF NEW.name LIKE 'skip%' THEN RETURN NULL; END IF; RETURN NEW;`);
    const { status } = await send(application, 'POST', '/place/bulk', [{ name: 'a' }, { name: 'skip' }]);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(await stored()).toEqual([]);
    expect((await send(application, 'POST', '/place', { name: 'b' })).status).toBe(201);
    expect(await stored()).toEqual(['b']);
  });

  it('take one statement again after a trigger has refused a value', async () => {
    await run(
      'CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ' +
        `IF NEW.text = 'bad' THEN RAISE EXCEPTION 'no' USING errcode = '42501'; END IF; RETURN NEW; END $$`,
    );
    await run('CREATE TRIGGER refuses BEFORE UPDATE ON place FOR EACH ROW EXECUTE FUNCTION refuse()');
    await send(application, 'POST', '/place', { name: 'a' });
    const change = (text: string) => send(application, 'PATCH', '/place/a', { text });
    expect((await change('good')).status).toBe(200);
    expect((await change('bad')).status).toBeGreaterThanOrEqual(400);
    const sent = await statementsSentBy(application.dataSource, () => change('better'));
    expect(sent).toHaveLength(1);
  });

  it('leave a column to the database that it numbers', async () => {
    const numbers = [
      (await send(application, 'POST', '/receipt', {})).body,
      ...((await send(application, 'POST', '/receipt/bulk', [{}, {}])).body as object[]),
    ].map((row) => (row as { number: number }).number);
    expect(numbers).toEqual([1, 2, 3]);
  });
});
