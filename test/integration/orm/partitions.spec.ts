import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, table, TenantScoped } from 'nestjs-muck';
import pg from 'pg';
import {
  Column,
  DeleteDateColumn,
  Entity,
  In,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';
import { databasesToTest } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';
import { connectTo } from '../../support/own-connection.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';

@Entity('clerk')
@TenantScoped()
class Clerk {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

@Entity('claim')
@TenantScoped()
@Unique('claim_number', ['organizationId', 'number'])
class Claim {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() number!: number;
  @Column() subject!: string;
  @Column({ default: 0 }) amount!: number;
  @Column({ type: Number, nullable: true }) clerkId!: number | null;
  @ManyToOne(() => Clerk, { createForeignKeyConstraints: false })
  @JoinColumn({ name: 'clerkId' })
  clerk!: Relation<Clerk> | null;
  @OneToMany(() => Remark, (remark) => remark.claim) remarks!: Remark[];
  @VersionColumn() version!: number;
  @UpdateDateColumn({ select: false }) updatedAt!: Date;
  @DeleteDateColumn({ select: false }) deletedAt!: Date | null;
}

@Entity('remark')
@TenantScoped()
class Remark {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @Column() claimId!: number;
  @ManyToOne(() => Claim, (claim) => claim.remarks, { createForeignKeyConstraints: false })
  @JoinColumn({ name: 'claimId' })
  claim!: Relation<Claim>;
}

@Controller('clerks')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Clerk)
class ClerksController extends CrudController<Clerk> {}

@Controller('claims')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Claim, {
  also: ['createMany', 'restore'],
  filter: ['subject', 'amount', 'clerk.name', 'remarks.text'],
  search: ['subject', 'clerk.name'],
  sort: ['number', 'clerk.name'],
  include: ['clerk', 'remarks'],
})
class ClaimsController extends CrudController<Claim> {}

@Controller('claims/:claimId/remarks')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Remark, { parent: { relation: 'claim' } })
class RemarksController extends CrudController<Remark> {}

const TABLES = ['clerk', 'claim', 'remark'];

/** The partitions of a table, by tenant. */
const SCHEMES = {
  hash: {
    by: 'HASH',
    partitions: (table: string) =>
      Array.from(
        { length: 64 },
        (_, i) => `CREATE TABLE ${table}_${i} PARTITION OF ${table} FOR VALUES WITH (MODULUS 64, REMAINDER ${i})`,
      ),
  },
  list: {
    by: 'LIST',
    partitions: (table: string) => [
      ...Array.from(
        { length: 63 },
        (_, i) => `CREATE TABLE ${table}_${i + 1} PARTITION OF ${table} FOR VALUES IN (${i + 1})`,
      ),
      `CREATE TABLE ${table}_0 PARTITION OF ${table} DEFAULT`,
    ],
  },
};

/** The migration that partitions a table of an entity with a single id. */
function partition(table: string, scheme: keyof typeof SCHEMES): string[] {
  const { by, partitions } = SCHEMES[scheme];
  return [
    `ALTER TABLE ${table} RENAME TO ${table}_whole`,
    `ALTER SEQUENCE ${table}_id_seq OWNED BY NONE`,
    `CREATE TABLE ${table} (LIKE ${table}_whole INCLUDING DEFAULTS, PRIMARY KEY ("organizationId", id)) PARTITION BY ${by} ("organizationId")`,
    ...partitions(table),
    `INSERT INTO ${table} SELECT * FROM ${table}_whole`,
    `DROP TABLE ${table}_whole`,
    `ALTER SEQUENCE ${table}_id_seq OWNED BY ${table}.id`,
  ];
}

interface Sent {
  readonly text: string;
  readonly values: unknown[];
}

/** Records what is sent to one database, at the driver. */
function record(database: string): { sent: Sent[]; stop: () => void } {
  const sent: Sent[] = [];
  const { query } = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  pg.Client.prototype.query = function (this: pg.Client & { database?: string }, ...args: unknown[]): never {
    const [first, second] = args as [string | { text: string; values?: unknown[] }, unknown];
    if (this.database === database)
      sent.push(
        typeof first === 'string'
          ? { text: first, values: Array.isArray(second) ? second : [] }
          : { text: first.text, values: first.values ?? [] },
      );
    return query.apply(this, args) as never;
  };
  return { sent, stop: () => Object.assign(pg.Client.prototype, { query }) };
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly Operation?: string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
  /** Those that an update or delete changes; the relation is the whole table. */
  readonly 'Target Tables'?: readonly { readonly 'Relation Name': string }[];
}

/** The partitions that a plan touches, by table. The target of an insert is the whole table: its rows are routed. */
function touched(node: PlanNode, into = new Map<string, Set<string>>()): Map<string, Set<string>> {
  const { Operation: operation, 'Target Tables': targets } = node;
  const own = operation === undefined ? node['Relation Name'] : undefined;
  const changed = operation === 'Insert' ? [] : (targets ?? []).map((target) => target['Relation Name']);
  for (const relation of own === undefined ? changed : [own]) {
    const name = /^(.+)_\d+$/.exec(relation)?.[1] ?? relation;
    into.set(name, (into.get(name) ?? new Set()).add(relation));
  }
  for (const child of node.Plans ?? []) touched(child, into);
  return into;
}

const schemes = Object.keys(SCHEMES) as (keyof typeof SCHEMES)[];

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('tables that are partitioned by tenant, on %s', (database) => {
  const open = async (scheme?: keyof typeof SCHEMES): Promise<ScopedApplication> => {
    const application = await openScopedApplication({
      database,
      entities: [Clerk, Claim, Remark],
      controllers: [ClerksController, RemarksController, ClaimsController],
      options: { poolSize: 1 },
    });
    await seed(application);
    if (scheme !== undefined) {
      const own = await connectTo(application.dataSource.options);
      for (const table of TABLES) await own.send(partition(table, scheme));
      await own.send(['ALTER TABLE claim ADD CONSTRAINT claim_number UNIQUE ("organizationId", number)']);
      await own.send([
        'ALTER TABLE remark ADD FOREIGN KEY ("organizationId", "claimId") REFERENCES claim ("organizationId", id)',
      ]);
      await own.close();
    }
    return application;
  };
  const seed = async ({ tenancy, dataSource }: ScopedApplication): Promise<void> => {
    for (let organizationId = 1; organizationId <= 3; organizationId += 1) {
      await tenancy.run({ organizationId }, async () => {
        const clerk = await dataSource.getRepository(Clerk).save({ name: `clerk ${organizationId}` });
        for (let number = 1; number <= 3; number += 1) {
          const claim = await dataSource
            .getRepository(Claim)
            .save({ number, subject: `claim ${number}`, clerkId: clerk.id });
          await dataSource.getRepository(Remark).save({ text: `remark ${number}`, claimId: claim.id });
        }
      });
    }
  };

  /** Each kind of scoped statement, of the resource and of application code. */
  const useAll = async ({ transport, tenancy, dataSource }: ScopedApplication): Promise<unknown[]> => {
    const send = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, body?: unknown) => {
      const headers = { 'x-user': '2', ...(body !== undefined && { 'content-type': 'application/json' }) };
      const { status, text } = await transport.send({
        method,
        url,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return [method, url, status, text === '' ? undefined : (JSON.parse(text) as unknown)];
    };
    const results: unknown[] = [];
    for (const [method, url, body] of [
      ['GET', '/claims'],
      ['GET', '/claims?sort=-number&limit=2&include=clerk,remarks'],
      ['GET', '/claims?sort=clerk.name,number&cursor='],
      ['GET', '/claims?search=clerk&clerk.name__icontains=CLERK&remarks.text=remark%202'],
      ['GET', '/claims?limit=0'],
      ['GET', '/claims/4'],
      ['GET', '/claims/1'],
      ['POST', '/claims', { number: 10, subject: 'new', clerkId: 2 }],
      ['POST', '/claims', { number: 11, subject: 'of another', clerkId: 1 }],
      ['POST', '/claims/bulk', [1, 2, 3].map((i) => ({ number: 20 + i, subject: `bulk ${i}` }))],
      ['PATCH', '/claims/4', { subject: 'changed' }],
      ['PUT', '/claims/5', { number: 2, subject: 'replaced', clerkId: 2 }],
      ['PATCH', '/claims/1', { subject: 'of another' }],
      ['DELETE', '/claims/6'],
      ['POST', '/claims/6/restore'],
      ['DELETE', '/claims/1'],
      ['GET', '/claims/4/remarks'],
      ['POST', '/claims/4/remarks', { text: 'late' }],
      ['GET', '/claims/1/remarks'],
      ['DELETE', '/clerks/1'],
      ['GET', '/claims?include=remarks'],
    ] as const)
      results.push(await send(method, url, body));
    results.push(await send('POST', '/claims', { number: 10, subject: 'taken' }));
    await tenancy.run({ organizationId: 2 }, async () => {
      const claims = dataSource.getRepository(Claim);
      results.push(await claims.find({ relations: { clerk: true, remarks: true }, order: { number: 'ASC' }, take: 2 }));
      results.push(await claims.findOneBy({ clerk: { name: 'clerk 2' }, number: 1 }));
      results.push(await claims.countBy({ amount: 0 }), await claims.existsBy({ number: 1 }));
      results.push((await claims.update({ number: In([1, 2]) }, { amount: 5 })).affected);
      results.push((await claims.increment({ number: 1 }, 'amount', 3)).affected, await claims.sum('amount'));
      await claims.upsert({ number: 1, subject: 'upserted' }, ['organizationId', 'number']);
      const [claim] = await claims.find({ where: { number: 1 } });
      results.push(claim, (await claims.save({ ...claim, amount: 9 })).version);
      results.push((await dataSource.getRepository(Remark).delete({ claimId: claim.id })).affected);
      results.push((await claims.softDelete({ number: 21 })).affected, (await claims.restore({ number: 21 })).affected);
      results.push(await claims.createQueryBuilder('c').innerJoinAndSelect('c.clerk', 'k').orderBy('c.id').getMany());
      results.push(await tenancy.sql(dataSource.manager)`SELECT count(*)::int AS n FROM ${table(Claim, 'c')}`);
    });
    return results;
  };

  let expected: unknown[];
  beforeAll(async () => {
    const whole = await open();
    expected = await useAll(whole);
    await whole.close();
  });

  describe.each(schemes)('by %s, 64 of them', (scheme) => {
    let application: ScopedApplication;
    beforeAll(async () => {
      application = await open(scheme);
    });
    afterAll(() => application.close());

    it('give the same results, and each scoped statement touches one partition of a table', async () => {
      const { options } = application.dataSource;
      const { pathname } = new URL((options as { url: string }).url);
      const { sent, stop } = record(pathname.slice(1));
      const results = await useAll(application).finally(stop);
      expect(results).toEqual(expected);
      const statements = sent.filter(({ text }) => /\b(?:clerk|claim|remark)\b/.test(text));
      const client = new pg.Client({ connectionString: (options as { url: string }).url });
      await client.connect();
      try {
        const { rows: all } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
          'EXPLAIN (FORMAT JSON) SELECT * FROM claim',
        );
        expect(touched(all[0]['QUERY PLAN'][0].Plan).get('claim')?.size).toBe(64);
        const kinds = new Set<string>();
        for (const { text, values } of statements) {
          const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>({
            text: `EXPLAIN (FORMAT JSON) ${text}`,
            values,
          });
          const partitions = [...touched(rows[0]['QUERY PLAN'][0].Plan).values()].map((names) => [...names]);
          kinds.add(text.slice(0, 6));
          expect([text, partitions.filter((names) => names.length > 1)]).toEqual([text, []]);
          expect([text, partitions.flat().filter((name) => TABLES.includes(name))]).toEqual([text, []]);
        }
        expect([...kinds].sort()).toEqual(['DELETE', 'INSERT', 'SELECT', 'UPDATE']);
      } finally {
        await client.end();
      }
    });
  });
});
