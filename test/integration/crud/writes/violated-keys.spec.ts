import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import { Crud, CrudController, CrossTenant, TenantScoped, UniqueConflictError } from 'nestjs-muck';
import type { CrudHooks } from 'nestjs-muck';
import { AbstractLogger, Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { databasesToTest } from '../../../support/databases.js';
import type { DatabaseKind } from '../../../support/databases.js';
import { describeEach } from '../../../support/describe-each.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication, ScopedApplicationParts } from '../../../support/scoped-application.js';

/* Tables that TypeORM did not create: their keys have names that no entity declares. */

@Entity('seat')
@TenantScoped()
class Seat {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ name: 'organization_id' }) organizationId!: number;
  @Column({ name: 'hall_name', default: 'a' }) hall!: string;
  @Column({ default: 0 }) number!: number;
  @Column({ type: String, nullable: true }) email!: string | null;
  /** Named like the function that the key of `email` calls. */
  @Column({ type: String, nullable: true }) lower!: string | null;
  @Column({ type: String, nullable: true }) badge!: string | null;
  @Column({ default: false }) free!: boolean;
}

/** The entity knows another primary key than the database. */
@Entity('ticket')
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ name: 'organization_id' }) organizationId!: number;
  @Column() code!: string;
}

const TABLES: Readonly<Record<'postgres' | 'mariadb' | 'sqljs', readonly string[]>> = {
  postgres: [
    `CREATE TABLE seat (id serial PRIMARY KEY, organization_id int NOT NULL, hall_name text NOT NULL DEFAULT 'a',
       number int NOT NULL DEFAULT 0, email text, lower text, badge text, free boolean NOT NULL DEFAULT false,
       badge_key text GENERATED ALWAYS AS (upper(badge)) STORED,
       UNIQUE (organization_id, hall_name, number), CONSTRAINT "key, own" UNIQUE (badge_key))`,
    `CREATE UNIQUE INDEX "1" ON seat (organization_id, lower(email)) INCLUDE (number) WHERE NOT free`,
    'CREATE TABLE ticket (id serial UNIQUE, organization_id int NOT NULL, code text, PRIMARY KEY (organization_id, code))',
  ],
  mariadb: [
    `CREATE TABLE seat (id int AUTO_INCREMENT PRIMARY KEY, organization_id int NOT NULL,
       hall_name varchar(20) NOT NULL DEFAULT 'a', number int NOT NULL DEFAULT 0, email varchar(50), \`lower\` varchar(50),
       badge varchar(50), free boolean NOT NULL DEFAULT false,
       email_key varchar(50) AS (if(free, NULL, lower(email))) STORED,
       badge_key varchar(50) AS (upper(badge)) STORED,
       UNIQUE \`number\` (organization_id, hall_name, number), UNIQUE \`1\` (organization_id, email_key),
       UNIQUE \`key, own\` (badge_key))`,
    `CREATE TABLE ticket (id int NOT NULL AUTO_INCREMENT UNIQUE, organization_id int NOT NULL, code varchar(20),
       PRIMARY KEY (organization_id, code))`,
  ],
  sqljs: [
    `CREATE TABLE seat (id integer PRIMARY KEY AUTOINCREMENT, organization_id int NOT NULL,
       hall_name varchar NOT NULL DEFAULT 'a', number int NOT NULL DEFAULT 0, email varchar, lower varchar,
       badge varchar, free boolean NOT NULL DEFAULT 0, UNIQUE (organization_id, hall_name, number))`,
    'CREATE UNIQUE INDEX "1" ON seat (organization_id, lower(email)) WHERE NOT free',
    'CREATE UNIQUE INDEX "key, own" ON seat (upper(badge))',
    'CREATE TABLE ticket (id integer PRIMARY KEY, organization_id int NOT NULL, code varchar, UNIQUE (organization_id, code))',
  ],
};

@Controller('seats')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Seat, { also: ['createMany'], constraints: { far: 'too far away', single: 'one seat is in this hall' } })
class SeatsController extends CrudController<Seat> {}

@Injectable()
class SeatHooks implements CrudHooks<Seat> {
  afterCreate(): void {}
}

@Controller('hooked-seats')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Seat, { hooks: [SeatHooks] })
class HookedSeatsController extends CrudController<Seat> {}

@Controller('all-seats')
@CrossTenant('a test')
@UseGuards(TestGuard)
@Crud(Seat)
class AllSeatsController extends CrudController<Seat> {}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { only: ['create'] })
class TicketsController extends CrudController<Ticket> {}

/** Counts the reads of the catalogue. */
class CatalogLog extends AbstractLogger {
  reads = 0;

  constructor() {
    super(['query']);
  }

  override logQuery(query: string): void {
    if (/pg_index|information_schema\.STATISTICS|sqlite_master/.test(query)) this.reads += 1;
  }

  protected override writeLog(): void {}
}

interface World extends ScopedApplication {
  readonly log: CatalogLog;
  /** @returns the message of a 409, otherwise the status */
  conflict(path: string, body: object, tenant?: number): Promise<unknown>;
}

async function openWorld(parts: Partial<ScopedApplicationParts>, tables: readonly string[]): Promise<World> {
  const log = new CatalogLog();
  const application = await openScopedApplication({
    entities: [Seat, Ticket],
    controllers: [SeatsController, HookedSeatsController, AllSeatsController, TicketsController],
    providers: [SeatHooks],
    ...parts,
    options: { ...parts.options, logging: ['query'], logger: log },
  });
  await application.tenancy.unscoped('a test', async () => {
    for (const text of ['DROP TABLE seat', 'DROP TABLE ticket', ...tables]) await application.dataSource.query(text);
  });
  log.reads = 0;
  return Object.assign(application, {
    log,
    async conflict(path: string, body: object, tenant = 1) {
      const headers = { 'x-user': String(tenant), 'content-type': 'application/json' };
      const answer = await application.transport.send({
        method: 'POST',
        url: path,
        headers,
        body: JSON.stringify(body),
      });
      return answer.status === 409 ? (JSON.parse(answer.text) as { message: unknown }).message : answer.status;
    },
  });
}

const familyOf = (database: DatabaseKind): keyof typeof TABLES =>
  database === 'mariadb' || database === 'sqljs' ? database : 'postgres';

describe.each(places)('a violated key of a hand-made table, on $adapter and $database', ({ adapter, database }) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ adapter, database }, TABLES[familyOf(database)]);
  });
  afterAll(() => world?.close());

  it('names its fields, whatever the name of the key is', async () => {
    expect(await world.conflict('/seats', { hall: 'b', number: 1 })).toBe(201);
    expect(await world.conflict('/seats', { hall: 'b', number: 1 }, 2)).toBe(201);
    expect(await world.conflict('/seats', { hall: 'b', number: 1 })).toEqual(['hall, number must be unique']);
    expect(await world.conflict('/all-seats', { organizationId: 1, hall: 'b', number: 1 })).toEqual([
      'organizationId, hall, number must be unique',
    ]);
  });

  it('names the columns that an expression or a computed column reads', async () => {
    expect(await world.conflict('/seats', { number: 2, email: 'A@b.example', badge: 'x' })).toBe(201);
    expect(await world.conflict('/seats', { number: 3, email: 'a@B.example' })).toEqual([
      database === 'mariadb' ? 'email, free must be unique' : 'email must be unique',
    ]);
    expect(await world.conflict('/seats', { number: 3, badge: 'X' })).toEqual(['badge must be unique']);
  });

  it('names those of the primary key that the database has', async () => {
    expect(await world.conflict('/tickets', { code: 'a' })).toBe(201);
    expect(await world.conflict('/tickets', { code: 'a' })).toEqual(['code must be unique']);
  });

  it('is read once from the catalogue, not for each violation', async () => {
    const { reads } = world.log;
    expect(reads).toBeLessThanOrEqual(4);
    for (const body of [
      { hall: 'b', number: 1 },
      { number: 3, badge: 'X' },
      { number: 3, email: 'A@B.example' },
    ])
      expect(await world.conflict('/seats', body)).toEqual([expect.stringMatching(/must be unique/)]);
    expect(world.log.reads).toBe(reads);
  });

  it('names its fields in a transaction with hooks, and in a list', async () => {
    expect(await world.conflict('/hooked-seats', { number: 4, badge: 'X' })).toEqual(['badge must be unique']);
    expect(await world.conflict('/seats/bulk', [{ number: 5 }, { number: 6, badge: 'x' }])).toEqual([
      '[1] badge must be unique',
    ]);
  });

  it('is told to application code by properties', async () => {
    const told: unknown = await world.tenancy.run({ organizationId: 1 }, () =>
      world.dataSource
        .getRepository(Seat)
        .insert({ hall: 'b', number: 1 })
        .catch((error: unknown) => error),
    );
    expect(told).toBeInstanceOf(UniqueConflictError);
    expect(told).toMatchObject({ entity: 'Seat', properties: ['hall', 'number'] });
  });
});

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('a violated key on %s', (database) => {
  it('of a partition names the fields of the partitioned table', async () => {
    const world = await openWorld({ database }, [
      `CREATE TABLE seat (id serial, organization_id int, hall_name text DEFAULT 'a', number int DEFAULT 0, email text,
         lower text, badge text, free boolean DEFAULT false, PRIMARY KEY (organization_id, id),
         UNIQUE (organization_id, hall_name, number)) PARTITION BY LIST (organization_id)`,
      `CREATE TABLE seats_of_1 PARTITION OF seat FOR VALUES IN (1) PARTITION BY HASH (organization_id)`,
      'CREATE TABLE seats_of_1_all PARTITION OF seats_of_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0)',
      'CREATE TABLE ticket (id serial, organization_id int, code text)',
    ]);
    try {
      expect(await world.conflict('/seats', { number: 1 })).toBe(201);
      expect(await world.conflict('/seats', { number: 1 })).toEqual(['hall, number must be unique']);
      expect(world.log.reads).toBe(1);
    } finally {
      await world.close();
    }
  });

  it('names its fields where row-level security hides the columns in the error', async () => {
    const role = `muck_test_${randomBytes(4).toString('hex')}`;
    const world = await openWorld({ database, options: { extra: { max: 1 } } }, [
      ...TABLES.postgres,
      `CREATE ROLE ${role}`,
      `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`,
      `GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
      'ALTER TABLE seat ENABLE ROW LEVEL SECURITY',
      'CREATE POLICY everything ON seat USING (true) WITH CHECK (true)',
      // The pool has one connection.
      `SET ROLE ${role}`,
    ]);
    try {
      expect(await world.conflict('/seats', { number: 1 })).toBe(201);
      expect(await world.conflict('/seats', { number: 1 })).toEqual(['hall, number must be unique']);
    } finally {
      await world.tenancy.unscoped('a test', async () => {
        for (const text of ['RESET ROLE', `DROP OWNED BY ${role}`, `DROP ROLE ${role}`])
          await world.dataSource.query(text);
      });
      await world.close();
    }
  });

  it('names the fields of the error in a transaction that has the only connection', async () => {
    const world = await openWorld({ database, options: { extra: { max: 1 } } }, TABLES.postgres);
    try {
      expect(await world.conflict('/hooked-seats', { number: 1, email: 'a' })).toBe(201);
      expect(await world.conflict('/hooked-seats', { number: 1 })).toEqual(['hall, number must be unique']);
      expect(await world.conflict('/hooked-seats', { number: 2, email: 'A' })).toEqual([
        expect.stringMatching(/email must be unique/),
      ]);
      expect(world.log.reads).toBe(0);
    } finally {
      await world.close();
    }
  });

  it('of an exclusion constraint is a 409 that names its fields', async () => {
    const world = await openWorld({ database }, [
      ...TABLES.postgres,
      `ALTER TABLE seat ADD CONSTRAINT near EXCLUDE USING gist (int4range(number, number + 2) WITH &&)
         WHERE (hall_name = 'x')`,
      `ALTER TABLE seat ADD CONSTRAINT far EXCLUDE USING gist (int4range(number, number + 2) WITH &&)
         WHERE (hall_name = 'y')`,
      "CREATE UNIQUE INDEX single ON seat (free) WHERE hall_name = 'z'",
    ]);
    try {
      expect(await world.conflict('/seats', { hall: 'x', number: 1 })).toBe(201);
      expect(await world.conflict('/seats', { hall: 'x', number: 2 })).toEqual([
        'number must not conflict with another row',
      ]);
      // With the text of the resource.
      expect(await world.conflict('/seats', { hall: 'y', number: 1 })).toBe(201);
      expect(await world.conflict('/seats', { hall: 'y', number: 2 })).toEqual(['too far away']);
      expect(await world.conflict('/seats', { hall: 'z', number: 1 })).toBe(201);
      expect(await world.conflict('/seats', { hall: 'z', number: 2 })).toEqual(['one seat is in this hall']);
    } finally {
      await world.close();
    }
  });
});
