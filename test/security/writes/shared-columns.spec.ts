import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Crud, CrudController, TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { ObjectLiteral, Relation, Repository } from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';
import { databasesToTest } from '../../support/databases.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';

/*
 * One column with several relations or properties: TypeORM gives all but the first of them copies of the column, or columns of their own.
 */

@Entity()
@TenantShared('people, who may be known to several tenants')
class Person {
  @PrimaryColumn() id!: number;
}

@Entity()
@TenantScoped()
class Profile {
  @PrimaryColumn({ name: 'person_id' }) personId!: number;
  @Column({ name: 'organization_id' }) organizationId!: number;
}

/** The second relation of the column is the one to a tenant's row. */
@Entity()
@TenantScoped()
class Task {
  @PrimaryColumn() id!: number;
  @Column({ name: 'organization_id' }) organizationId!: number;
  @Column({ name: 'person_id', type: Number, nullable: true }) personId!: number | null;
  @ManyToOne(() => Person) @JoinColumn({ name: 'person_id' }) person!: Relation<Person> | null;
  @ManyToOne(() => Profile)
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'fk_task_profile' })
  profile!: Relation<Profile> | null;
}

/** The first relation is, and it has no property of its own for the key. */
@Entity()
@TenantScoped()
class Errand {
  @PrimaryColumn() id!: number;
  @Column({ name: 'organization_id' }) organizationId!: number;
  @ManyToOne(() => Profile)
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'fk_errand_profile' })
  profile!: Relation<Profile> | null;
  @ManyToOne(() => Person) @JoinColumn({ name: 'person_id' }) person!: Relation<Person> | null;
}

/** Belongs to the tenant of its profile. */
@Entity()
@TenantScoped({ via: 'profile' })
class Note {
  @PrimaryColumn() id!: number;
  @Column({ name: 'person_id' }) personId!: number;
  @ManyToOne(() => Person, { nullable: false }) @JoinColumn({ name: 'person_id' }) person!: Relation<Person>;
  @ManyToOne(() => Profile, { nullable: false })
  @JoinColumn({ name: 'person_id', foreignKeyConstraintName: 'fk_note_profile' })
  profile!: Relation<Profile>;
}

/** One column has two properties, of which the first one cannot be written. */
@Entity({ synchronize: false })
@TenantScoped()
class Trip {
  @PrimaryColumn() id!: number;
  @Column({ name: 'organization_id' }) organizationId!: number;
  @Column({ name: 'person_id', type: Number, nullable: true, insert: false, update: false }) guideId!: number | null;
  @Column({ name: 'person_id', type: Number, nullable: true }) personId!: number | null;
  @ManyToOne(() => Profile) @JoinColumn({ name: 'person_id' }) profile!: Relation<Profile> | null;
}

/** Both properties can be written: of an insert, which names the column twice, SQLite alone takes one of the values. */
@Entity({ synchronize: false })
@TenantScoped()
class Visit {
  @PrimaryColumn() id!: number;
  @Column({ name: 'organization_id' }) organizationId!: number;
  @Column({ name: 'person_id', type: Number, nullable: true }) hostId!: number | null;
  @Column({ name: 'person_id', type: Number, nullable: true }) personId!: number | null;
  @ManyToOne(() => Profile) @JoinColumn({ name: 'person_id' }) profile!: Relation<Profile> | null;
}

/** The tenant has a second property, which cannot be written. */
@Entity({ synchronize: false })
@TenantScoped()
class Ledger {
  @PrimaryColumn() id!: number;
  @Column({ name: 'organization_id' }) organizationId!: number;
  @Column({ name: 'organization_id', insert: false, update: false }) org!: number;
  @Column({ default: '' }) text!: string;
}

const HAND_MADE = { trip: '', visit: '', ledger: `, text varchar(20) not null default ''` };
const REFERRING = [Task, Errand, Note, Trip, Visit];

/** The properties by which a row of an entity can name the profile. */
const NAMES: ReadonlyMap<Type, readonly string[]> = new Map<Type, readonly string[]>([
  [Task, ['personId', 'person', 'profile']],
  [Errand, ['profile', 'person']],
  [Note, ['personId', 'person', 'profile']],
  [Trip, ['personId', 'profile', 'guideId']],
  [Visit, ['personId', 'hostId', 'profile']],
]);

const pathOf = ({ name }: Type): string => name.toLowerCase();

function controllerOf(entity: Type): Type {
  @Controller(pathOf(entity))
  @UseGuards(TestGuard)
  @TenantScoped()
  @Crud(entity, { only: ['findAll', 'findOne', 'create', 'createMany', 'update', 'replace'] })
  class EntityController extends CrudController<object> {}
  return EntityController;
}

describe.each(databasesToTest())('a column with several relations or properties, on %s', (database) => {
  let application: ScopedApplication;
  beforeAll(async () => {
    application = await openScopedApplication({
      database,
      entities: [Person, Profile, Ledger, ...REFERRING],
      controllers: [Ledger, ...REFERRING].map(controllerOf),
    });
    await application.tenancy.unscoped('makes the tables that TypeORM would not', async () => {
      const runner = application.dataSource.createQueryRunner();
      for (const [table, columns] of Object.entries(HAND_MADE))
        await runner.query(
          `CREATE TABLE ${table} (id integer PRIMARY KEY, organization_id integer NOT NULL, person_id integer${columns})`,
        );
      await runner.release();
      await application.dataSource.manager.insert(Person, [{ id: 1 }, { id: 2 }, { id: 3 }]);
      await application.dataSource.manager.insert(Profile, [
        { personId: 1, organizationId: 1 },
        { personId: 2, organizationId: 2 },
        { personId: 3, organizationId: 1 },
      ]);
    });
  });
  afterAll(() => application?.close());

  beforeEach(async () => {
    await application.tenancy.unscoped('begins anew', async () => {
      for (const entity of [...REFERRING, Ledger]) await application.dataSource.manager.deleteAll(entity);
    });
  });

  const send = async (method: 'GET' | 'POST' | 'PATCH' | 'PUT', url: string, body?: unknown, tenant = 1) =>
    application.transport.send({
      method,
      url,
      headers: { 'x-user': `${tenant}/1`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const seenBy = async (entity: Type, tenant: number): Promise<unknown> => {
    const { text } = await send('GET', `/${pathOf(entity)}`, undefined, tenant);
    return (JSON.parse(text) as { items: unknown }).items;
  };
  const inScope = <R>(fn: () => R): R => application.tenancy.run({ organizationId: 1 }, fn);
  const attempt = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);

  /** The ways in which code refers to a person's profile: by the key, by an object with it, and by one that names the row otherwise. */
  const valuesOf = (property: string, key: number): readonly unknown[] =>
    property === 'profile' ? [{ personId: key }, key] : property === 'person' ? [{ id: key }, key] : [key];

  /** Stores row 1 of Acme, which refers to its own profile. */
  const store = (entity: Type): Promise<unknown> =>
    application.tenancy.unscoped('stores a row', () =>
      application.dataSource.query(
        entity === Note
          ? 'INSERT INTO note (id, person_id) VALUES (1, 1)'
          : `INSERT INTO ${pathOf(entity)} (id, organization_id, person_id) VALUES (1, 1, 1)`,
      ),
    );
  const personsOf = async (entity: Type): Promise<unknown[]> => {
    const rows = await application.tenancy.unscoped('looks at all rows', () =>
      application.dataSource.query<{ person_id: unknown }[]>(`SELECT person_id FROM ${pathOf(entity)}`),
    );
    return rows.map((row) => Number(row.person_id));
  };

  for (const entity of REFERRING) {
    const names = NAMES.get(entity)!;
    const path = `/${pathOf(entity)}`;
    const own = (id: number) => ({ id, [names[0]]: 1 });

    describe(entity.name, () => {
      beforeEach(() => store(entity));

      it('refers to own rows in bodies', async () => {
        if (entity !== Visit) {
          expect((await send('POST', path, own(2))).status).toBe(201);
          expect((await send('POST', `${path}/bulk`, [own(3), own(4)])).status).toBe(201);
        }
        for (const key of [3, 1]) expect((await send('PATCH', `${path}/1`, { [names[0]]: key })).status).toBe(200);
        expect(await seenBy(entity, 1)).toHaveLength(entity === Visit ? 1 : 4);
      });

      it.each(names)('refers to no row of another tenant by %s in bodies', async (property) => {
        for (const key of [2, 99]) {
          const foreign = { id: key, [property]: key };
          const answers = [
            await send('POST', path, foreign),
            await send('POST', `${path}/bulk`, [own(50), foreign]),
            await send('POST', `${path}/bulk`, [foreign]),
            await send('PATCH', `${path}/1`, { [property]: key }),
            await send('PUT', `${path}/1`, { ...own(1), [property]: key }),
          ];
          // A property that cannot be written is left out.
          if (property !== 'guideId') expect(answers.filter(({ status }) => status < 400)).toEqual([]);
        }
        for (const person of await personsOf(entity)) expect([0, 1]).toContain(person);
        expect(await seenBy(entity, 2)).toEqual([]);
      });

      it.each(names)('refers to no row of another tenant by %s in code', async (property) => {
        const rows = application.dataSource.getRepository(entity) as Repository<ObjectLiteral>;
        for (const value of valuesOf(property, 2)) {
          const foreign = { id: 2, [property]: value };
          const ways: (() => Promise<unknown>)[] = [
            () => rows.insert(foreign),
            () => rows.insert([{ id: 7, [names[0]]: names[0] === 'profile' ? { personId: 1 } : 1 }, foreign]),
            () => rows.save(foreign),
            () => rows.save({ id: 1, [property]: value }),
            () => rows.upsert({ id: 1, [property]: value }, ['id']),
            () => rows.update({ id: 1 }, { [property]: value }),
            () =>
              rows
                .createQueryBuilder()
                .update()
                .set({ [property]: value })
                .where('id = 1')
                .execute(),
            // Two properties of one column.
            () => rows.insert({ id: 8, [names[0]]: names[0] === 'profile' ? { personId: 1 } : 1, [property]: value }),
            () => rows.update({ id: 1 }, { ...Object.fromEntries(names.map((name) => [name, 1])), [property]: value }),
            () => rows.update({ id: 1 }, { [property]: value, ...Object.fromEntries(names.map((name) => [name, 1])) }),
          ];
          for (const way of ways) await inScope(() => attempt(way()));
        }
        for (const person of await personsOf(entity)) expect([0, 1]).toContain(person);
        expect(await seenBy(entity, 2)).toEqual([]);
      });
    });
  }

  it('is no way to another tenant if it holds the tenant', async () => {
    expect((await send('POST', '/ledger', { id: 1 })).status).toBe(201);
    const rows = application.dataSource.getRepository(Ledger);
    for (const body of [{ org: 2 }, { org: 2, text: 'b' }]) await send('PATCH', '/ledger/1', body);
    await send('PUT', '/ledger/1', { id: 1, org: 2, text: 'c' });
    await send('POST', '/ledger', { id: 2, org: 2 });
    await send('POST', '/ledger/bulk', [{ id: 3, org: 2 }]);
    await inScope(async () => {
      await attempt(rows.update({ id: 1 }, { org: 2 }));
      await attempt(rows.update({ id: 1 }, { org: 2, text: 'd' }));
      await attempt(rows.save({ id: 1, org: 2, text: 'e' }));
      await attempt(rows.insert({ id: 4, org: 2 }));
      await attempt(rows.upsert({ id: 1, org: 2 }, ['id']));
    });
    expect(await seenBy(Ledger, 2)).toEqual([]);
    expect(await seenBy(Ledger, 1)).toEqual(expect.arrayContaining([expect.objectContaining({ id: 1, org: 1 })]));
  });
});

it.each([{ insert: false }, { update: false }, {}])(
  'the application does not start with a second property of the tenant column that has %j',
  async (options) => {
    @Entity({ synchronize: false })
    @TenantScoped()
    class Sneak {
      @PrimaryColumn() id!: number;
      @Column({ name: 'organizationId', ...options }) org!: number;
      @Column() organizationId!: number;
    }
    await expect(openScopedApplication({ entities: [Sneak], controllers: [] })).rejects.toThrow(
      /Sneak has a second property 'org' of the tenant column 'organizationId'/,
    );
  },
);
