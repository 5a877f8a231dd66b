import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { databasesToTest } from '../../../support/databases.js';
import { describeEach } from '../../../support/describe-each.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { statementsSentBy } from '../../../support/sent.js';

/* Writes that check references, write and return the row in one statement. */

@Entity()
@TenantScoped()
class Person {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) name!: string;
}

@Entity()
@TenantScoped()
class Team {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @DeleteDateColumn() deletedAt!: Date | null;
}

/** Rows without an organization are everybody's. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Category {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column({ default: '' }) name!: string;
}

@Entity()
@TenantShared('countries are the same for everybody')
class Country {
  @PrimaryGeneratedColumn() id!: number;
  @DeleteDateColumn() deletedAt!: Date | null;
}

class Price {
  @Column({ type: 'decimal', precision: 8, scale: 2, nullable: true }) amount!: string | null;
  @Column({ default: 'EUR' }) currency!: string;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'number'])
class Job {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() number!: number;
  @Column({ length: 40 }) title!: string;
  @Column({ default: 'open' }) status!: string;
  @Column({ type: Date, nullable: true }) due!: Date | null;
  @Column({ type: 'simple-json', nullable: true }) meta!: unknown;
  @Column({
    type: 'int',
    nullable: true,
    transformer: { to: (n?: number | null) => n && n * 100, from: (n: number | null) => n && n / 100 },
  })
  hours!: number | null;
  @Column(() => Price) price!: Price;
  @Column({ type: Number, nullable: true }) ownerId!: number | null;
  @ManyToOne(() => Person) owner!: Relation<Person> | null;
  @ManyToOne(() => Team) team!: Relation<Team> | null;
  @Column({ type: Number, nullable: true }) categoryId!: number | null;
  @ManyToOne(() => Category) category!: Relation<Category> | null;
  @Column({ type: Number, nullable: true }) countryId!: number | null;
  @ManyToOne(() => Country) country!: Relation<Country> | null;
  @VersionColumn() version!: number;
  @CreateDateColumn() createdAt!: Date;
  @UpdateDateColumn() updatedAt!: Date;
}

@Entity()
@TenantScoped({ via: 'job' })
class Step {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @Column() jobId!: number;
  @ManyToOne(() => Job, { nullable: false }) job!: Relation<Job>;
}

/** Has a trigger. */
@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
}

@Controller('categories')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Category)
class CategoriesController extends CrudController<Category> {}

@Controller('notes')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Note)
class NotesController extends CrudController<Note> {}

@Controller('teams')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Team)
class TeamsController extends CrudController<Team> {}

@Controller('jobs')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Job)
class JobsController extends CrudController<Job> {}

@Controller('steps')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Step)
class StepsController extends CrudController<Step> {}

const ENTITIES = [Person, Team, Category, Country, Job, Step, Note];

describe.each(databasesToTest())('writes in one statement on %s', (database) => {
  const isPostgres = database.startsWith('postgres');
  let application: ScopedApplication;
  const own = { person: 0, team: 0, category: 0 };
  const foreign = { person: 0, team: 0, category: 0, job: 0 };
  const shared = { category: 0, country: 0 };
  const deleted = { team: 0, country: 0 };
  let number = 0;

  beforeAll(async () => {
    application = await openScopedApplication({
      database,
      entities: ENTITIES,
      controllers: [JobsController, StepsController, NotesController, CategoriesController, TeamsController],
    });
    const { tenancy, dataSource } = application;
    await tenancy.unscoped('sets up', async () => {
      const insert = async (entity: new () => object, row: object): Promise<number> => {
        const { identifiers } = await dataSource.getRepository(entity).insert(row);
        return (identifiers[0] as { readonly id: number }).id;
      };
      for (const [organizationId, ids] of [
        [1, own],
        [2, foreign],
      ] as const) {
        ids.person = await insert(Person, { organizationId });
        ids.team = await insert(Team, { organizationId });
        ids.category = await insert(Category, { organizationId });
      }
      foreign.job = await insert(Job, { organizationId: 2, number: 1, title: 'theirs' });
      shared.category = await insert(Category, { organizationId: null });
      shared.country = await insert(Country, {});
      deleted.team = await insert(Team, { organizationId: 1, deletedAt: new Date() });
      deleted.country = await insert(Country, { deletedAt: new Date() });
    });
  });
  beforeEach(() => {
    number += 1;
  });
  afterAll(() => application.close());

  const request = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: object, organization = 1) => {
    const headers = { 'x-user': `${organization}/1`, 'content-type': 'application/json' };
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const {
      status,
      headers: answered,
      text: answer,
    } = await application.transport.send({ method, url, headers, ...text });
    return { status, headers: answered, body: JSON.parse(answer || '{}') as Record<string, unknown> };
  };
  /** The statements of one request, without what the catalogue is asked once. */
  const statementsOf = async (fn: () => Promise<unknown>): Promise<string[]> =>
    (await statementsSentBy(application.dataSource, fn)).filter((text) => !text.includes('pg_trigger'));
  const isOneStatement = database !== 'sqljs';

  describe('a create', () => {
    it('is one statement, whatever it references', async () => {
      const body = (): object => ({
        number: (number += 1),
        title: 'first',
        ownerId: own.person,
        team: own.team,
        categoryId: own.category,
        countryId: shared.country,
      });
      await request('POST', '/jobs', body());
      const statements = await statementsOf(() => request('POST', '/jobs', body()));
      if (isOneStatement) expect(statements).toEqual([expect.stringMatching(/^INSERT INTO .* RETURNING /)]);
      else expect(statements.length).toBeGreaterThan(1);
    });

    it('answers what a read of the row answers', async () => {
      const bodies = [
        { number, title: 'plain' },
        { number: number + 1000, title: 'all', status: 'done', due: '2026-02-03T04:05:06.789Z', ownerId: own.person },
        { number: number + 2000, title: 'values', meta: { a: [1, null] }, hours: 7, price: { amount: '12.50' } },
        {
          number: number + 3000,
          title: "o'clock \\ $1 ? :name",
          price: { currency: 'SEK' },
          hours: null,
          ownerId: null,
        },
      ];
      for (const body of bodies) {
        const created = await request('POST', '/jobs', body);
        expect(created).toMatchObject({ status: 201, body: { title: body.title, organizationId: 1, version: 1 } });
        expect(created.headers['location']).toBe(`/jobs/${String(created.body['id'])}`);
        const read = await request('GET', `/jobs/${String(created.body['id'])}`);
        expect(read.body).toEqual(created.body);
        expect(read.headers['etag']).toBe(created.headers['etag']);
      }
    });

    it('refuses the row of another tenant with the answer for a missing one, at its field', async () => {
      for (const [property, key] of [
        ['ownerId', foreign.person],
        ['team', foreign.team],
        ['categoryId', foreign.category],
      ] as const) {
        const answers = [key, 987_654].map((value) =>
          request('POST', '/jobs', { number, title: 'refers', ownerId: own.person, [property]: value }),
        );
        const [theirs, missing] = await Promise.all(answers);
        expect(theirs).toMatchObject({ status: 400 });
        expect(JSON.stringify(theirs.body)).toContain(property);
        expect(theirs.body).toEqual(missing.body);
      }
      const { tenancy, dataSource } = application;
      const refers = tenancy.unscoped('counts', () => dataSource.getRepository(Job).countBy({ title: 'refers' }));
      expect(await refers).toBe(0);
    });

    it('refuses a reference to a soft-deleted row, of a shared entity too', async () => {
      for (const [property, key] of [
        ['team', deleted.team],
        ['countryId', deleted.country],
      ] as const) {
        const answer = await request('POST', '/jobs', { number, title: 'deleted', [property]: key });
        expect(answer).toMatchObject({ status: 400 });
        expect(JSON.stringify(answer.body)).toContain(property);
      }
    });

    it('may refer to a row that all tenants share', async () => {
      const answer = await request('POST', '/jobs', { number, title: 'shared', categoryId: shared.category });
      expect(answer).toMatchObject({ status: 201, body: { categoryId: shared.category } });
    });

    it('names the fields of a key that is taken, and stores the same key for another tenant', async () => {
      const body = { number, title: 'unique' };
      expect(await request('POST', '/jobs', body)).toMatchObject({ status: 201 });
      const again = await request('POST', '/jobs', body);
      expect(again).toMatchObject({ status: 409 });
      expect(JSON.stringify(again.body)).toContain('number');
      expect(await request('POST', '/jobs', body, 2)).toMatchObject({ status: 201, body: { organizationId: 2 } });
    });

    it('gives a row to the tenant of its parent, whose rows alone it may have', async () => {
      const { body: job } = await request('POST', '/jobs', { number, title: 'parent' });
      await request('POST', '/steps', { text: 'first', jobId: job['id'] });
      const statements = await statementsOf(async () => {
        const step = await request('POST', '/steps', { text: 'second', jobId: job['id'] });
        expect(step).toMatchObject({ status: 201, body: { text: 'second', jobId: job['id'] } });
      });
      if (isOneStatement) expect(statements).toHaveLength(1);
      const theirs = await request('POST', '/steps', { text: 'theirs', jobId: foreign.job });
      expect(theirs).toMatchObject({ status: 400 });
      expect(theirs.body).toEqual((await request('POST', '/steps', { text: 'none', jobId: 987_654 })).body);
    });

    it('says which values are missing or do not fit', async () => {
      expect((await request('POST', '/jobs', { number })).body).toMatchObject({ statusCode: 400 });
      const answer = await request('POST', '/jobs', { number, title: 'x'.repeat(41) });
      expect(answer).toMatchObject({ status: 400 });
    });

    describeEach(isPostgres ? [database] : [], 'a trigger of another database does not write to its own table')(
      'on %s',
      () => {
        it('answers what a trigger has made of the row after it was inserted', async () => {
          const { dataSource } = application;
          const run = (text: string): Promise<unknown> =>
            application.tenancy.unscoped('changes the schema', () => dataSource.query(text));
          await run(`CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE note SET text = upper(text) WHERE id = NEW.id; RETURN NULL; END $$`);
          await run('CREATE TRIGGER shouts AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION shout()');
          expect(await request('POST', '/notes', { text: 'quiet' })).toMatchObject({
            status: 201,
            body: { text: 'QUIET' },
          });
        });
      },
    );
  });

  describe('an update', () => {
    const jobOf = async (values: object): Promise<Readonly<Record<string, unknown>>> => {
      const { body } = await request('POST', '/jobs', { number: number + 5000, title: 'to change', ...values });
      return body;
    };
    const urlOf = (job: Readonly<Record<string, unknown>>): string => `/jobs/${String(job['id'])}`;

    it('is one statement, which answers the row as it is stored', async () => {
      const job = await jobOf({ ownerId: own.person });
      await request('PATCH', urlOf(job), { title: 'a', ownerId: null });
      const statements = await statementsOf(async () => {
        const answer = await request('PATCH', urlOf(job), { title: 'b', ownerId: own.person });
        expect(answer).toMatchObject({ status: 200, body: { title: 'b', ownerId: own.person, version: 3 } });
      });
      if (isPostgres) expect(statements).toEqual([expect.stringMatching(/^UPDATE .* RETURNING /)]);
      else expect(statements.length).toBeGreaterThan(1);
      const answer = await request('PATCH', urlOf(job), { status: 'done', due: '2026-02-03T04:05:06.789Z' });
      expect(await request('GET', urlOf(job))).toMatchObject({ body: answer.body });
    });

    it('changes neither version nor date of a row whose values stay, with more digits than the client has seen too', async () => {
      const job = await jobOf({ due: '2026-02-03T04:05:06.000Z', price: { currency: 'SEK' } });
      if (isPostgres)
        await application.tenancy.unscoped('gives it microseconds', () =>
          application.dataSource.query(
            `UPDATE job SET due = due + interval '123 microseconds' WHERE id = ${String(job['id'])}`,
          ),
        );
      for (const body of [
        { title: 'to change' },
        { title: 'to change', due: '2026-02-03T04:05:06.000Z', ownerId: null },
        { price: { currency: 'SEK' } },
      ]) {
        const answer = await request('PATCH', urlOf(job), body);
        expect(answer).toMatchObject({ status: 200, body: { version: 1, updatedAt: job['updatedAt'] } });
      }
    });

    it('finds no row of another tenant, and leaves it as it is', async () => {
      const answers = [foreign.job, 987_654].map((id) => request('PATCH', `/jobs/${id}`, { title: 'mine' }));
      const [theirs, missing] = await Promise.all(answers);
      expect(theirs).toMatchObject({ status: 404, body: missing.body });
      expect(await request('GET', `/jobs/${foreign.job}`, undefined, 2)).toMatchObject({ body: { title: 'theirs' } });
    });

    it('refuses a new reference to the row of another tenant as to a missing one, at its field', async () => {
      const job = await jobOf({ ownerId: own.person });
      for (const [property, key] of [
        ['ownerId', foreign.person],
        ['team', foreign.team],
        ['categoryId', foreign.category],
        ['team', deleted.team],
        ['countryId', deleted.country],
      ] as const) {
        const answers = [key, 987_654].map((value) =>
          request('PATCH', urlOf(job), { title: 'refers', [property]: value }),
        );
        const [theirs, missing] = await Promise.all(answers);
        expect(theirs).toMatchObject({ status: 400, body: missing.body });
        expect(JSON.stringify(theirs.body)).toContain(property);
      }
      expect(await request('GET', urlOf(job))).toMatchObject({ body: { title: 'to change', version: 1 } });
    });

    it('leaves a reference to a row that was soft-deleted since', async () => {
      const { tenancy, dataSource } = application;
      const countries = dataSource.getRepository(Country);
      const country = await tenancy.unscoped('adds a country', () => countries.save({}));
      const job = await jobOf({ countryId: country.id });
      await tenancy.unscoped('removes the country', () => countries.softDelete(country.id));
      const answer = await request('PATCH', urlOf(job), { title: 'stays', countryId: country.id });
      expect(answer).toMatchObject({ status: 200, body: { title: 'stays' } });
    });

    it('names the field of a key that is taken', async () => {
      await request('POST', '/jobs', { number: number + 7000, title: 'has it' });
      const answer = await request('PATCH', urlOf(await jobOf({})), { number: number + 7000 });
      expect(answer).toMatchObject({ status: 409 });
      expect(JSON.stringify(answer.body)).toContain('number');
    });

    it('stores what the database cannot compare, by two statements', async () => {
      const job = await jobOf({ meta: { a: 1 }, hours: 2 });
      const answer = await request('PATCH', urlOf(job), { meta: { a: 2 }, hours: 3 });
      expect(answer).toMatchObject({ status: 200, body: { meta: { a: 2 }, hours: 3, version: 2 } });
    });

    it('leaves rows that all tenants share', async () => {
      const answer = await request('PATCH', `/categories/${shared.category}`, { name: 'mine' });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(await request('GET', `/categories/${shared.category}`)).toMatchObject({ body: { name: '' } });
      const changed = await request('PATCH', `/categories/${own.category}`, { name: 'mine' });
      expect(changed).toMatchObject({ status: 200, body: { name: 'mine' } });
    });
  });

  describe('a delete', () => {
    const created = async (url: string, body: object, organization = 1): Promise<string> =>
      `${url}/${String((await request('POST', url, body, organization)).body['id'])}`;

    it('is one statement', async () => {
      const [first, second] = [
        await created('/jobs', { number: number + 8000, title: 'goes' }),
        await created('/jobs', { number: number + 8001, title: 'goes' }),
      ];
      await request('DELETE', first);
      const statements = await statementsOf(async () =>
        expect(await request('DELETE', second)).toMatchObject({ status: 204, body: {} }),
      );
      if (isOneStatement) expect(statements).toEqual([expect.stringMatching(/^DELETE FROM .* RETURNING /)]);
      else expect(statements.length).toBeGreaterThan(1);
      for (const url of [first, second]) {
        expect(await request('GET', url)).toMatchObject({ status: 404 });
        expect(await request('DELETE', url)).toMatchObject({ status: 404 });
      }
    });

    it('leaves a soft-deleted row in the table, and deletes it once', async () => {
      const [first, second] = [await created('/teams', {}), await created('/teams', {})];
      await request('DELETE', first);
      const statements = await statementsOf(async () =>
        expect(await request('DELETE', second)).toMatchObject({ status: 204 }),
      );
      if (isPostgres) expect(statements).toEqual([expect.stringMatching(/^UPDATE .* RETURNING /)]);
      expect(await request('DELETE', second)).toMatchObject({ status: 404 });
      const { tenancy, dataSource } = application;
      const id = Number(second.split('/').at(-1));
      const stored = await tenancy.unscoped('looks', () =>
        dataSource.getRepository(Team).findOneOrFail({ where: { id }, withDeleted: true }),
      );
      expect(stored.deletedAt).toBeInstanceOf(Date);
    });

    it('finds no row of another tenant, and leaves it as it is', async () => {
      const theirs = await created('/jobs', { number: number + 8000, title: 'theirs' }, 2);
      for (const url of [theirs, `/teams/${foreign.team}`]) {
        const missing = await request('DELETE', url.replace(/\d+$/, '987654'));
        expect(await request('DELETE', url)).toMatchObject({ status: 404, body: missing.body });
        expect(await request('GET', url, undefined, 2)).toMatchObject({ status: 200 });
      }
    });

    it('leaves rows that all tenants share', async () => {
      const url = `/categories/${shared.category}`;
      expect(await request('DELETE', url)).toMatchObject({ status: 403 });
      expect(await request('GET', url)).toMatchObject({ status: 200 });
    });

    it('is a conflict while other rows refer to the row', async () => {
      const job = await created('/jobs', { number: number + 8000, title: 'has steps' });
      await request('POST', '/steps', { text: 'first', jobId: Number(job.split('/').at(-1)) });
      expect(await request('DELETE', job)).toMatchObject({ status: 409 });
      expect(await request('GET', job)).toMatchObject({ status: 200 });
    });
  });
});
