import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Crud, CrudController, declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  DataSource,
  Entity,
  EntitySchema,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import type { EntityTarget } from 'typeorm';
import { validateDataSource } from '../../../lib/orm/startup/data-source.validator.js';
import { adaptersToTest } from '../../support/adapters.js';
import {
  CONTROLLER_WORDS,
  decorate,
  list,
  product,
  rightOutcome,
  serve,
  WORDS,
} from '../../support/declared-entities.js';
import type { Class, Outcome, Words } from '../../support/declared-entities.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import { unconnected } from '../../support/unconnected.js';

/* Every combination of places that declare an entity either gives its rows to one tenant, always the same one, or stops the start. */

declareScope({ organizationId: Number });
const tenancy = new Tenancy();

interface Row {
  id: number;
  organizationId: number;
  ownerId: number;
  text: string;
}

interface Case {
  readonly name: string;
  readonly target: EntityTarget<Row>;
  readonly right: Outcome;
}

const SILENT: Words = {
  base: 'none',
  entity: 'none',
  listedByClass: 'none',
  listedByName: 'none',
  controller: 'none',
  baseController: 'none',
};
const titleOf = (words: Partial<Words>): string =>
  Object.entries(words)
    .map(([place, word]) => `${place} ${word}`)
    .join(', ');
let made = 0;
const rename = (type: Class): string => {
  const name = `Combination${made++}`;
  Object.defineProperty(type, 'name', { value: name });
  return name;
};

/** An entity whose columns stand on its base class. */
function byClass(words: Partial<Words>): Case {
  abstract class Owned {
    @PrimaryGeneratedColumn() id!: number;
    @Column() organizationId!: number;
    @Column() ownerId!: number;
    @Column() text!: string;
  }
  class Contract extends Owned {}
  const name = rename(Contract);
  Entity(name.toLowerCase())(Contract);
  const all = { ...SILENT, ...words };
  serve(Contract, all.controller);
  serve(Owned, all.baseController);
  list(name, all.listedByName);
  list(Contract, all.listedByClass);
  decorate(Owned, all.base);
  decorate(Contract, all.entity);
  return { name: `class: ${titleOf(words)}`, target: Contract, right: rightOutcome(all) };
}

const schemaOf = (name: string, target?: Class): EntitySchema<Row> =>
  new EntitySchema<Row>({
    name,
    tableName: name.toLowerCase(),
    ...(target && { target }),
    columns: {
      id: { type: Number, primary: true, generated: true },
      organizationId: { type: Number },
      ownerId: { type: Number },
      text: { type: String },
    },
  });

/** An entity of a schema without a class, listed by its schema and by its name. */
function bySchema(words: Pick<Words, 'listedByClass' | 'listedByName'>): Case {
  const name = `Combination${made++}`;
  const schema = schemaOf(name);
  list(name, words.listedByName);
  list(schema, words.listedByClass);
  return { name: `schema: ${titleOf(words)}`, target: schema, right: rightOutcome({ ...SILENT, ...words }) };
}

/** An entity of a schema with a class, listed by its schema and by its name. */
function bySchemaWithClass(words: Omit<Words, 'base' | 'baseController'>): Case {
  class Plain {}
  const name = rename(Plain);
  const schema = schemaOf(name, Plain);
  serve(Plain, words.controller);
  decorate(Plain, words.entity);
  list(schema, words.listedByClass);
  list(name, words.listedByName);
  return { name: `schema with class: ${titleOf(words)}`, target: schema, right: rightOutcome({ ...SILENT, ...words }) };
}

const CASES: readonly Case[] = [
  ...product<Pick<Words, 'base' | 'entity' | 'controller'>>({
    base: WORDS,
    entity: WORDS,
    controller: CONTROLLER_WORDS,
  }).map(byClass),
  ...product<Pick<Words, 'base' | 'listedByClass' | 'listedByName'>>({
    base: ['none', 'owner'],
    listedByClass: WORDS,
    listedByName: WORDS,
  }).map(byClass),
  ...product<Pick<Words, 'base' | 'controller' | 'baseController'>>({
    base: ['none', 'owner'],
    controller: ['none', 'plain', 'owner'],
    baseController: ['plain', 'organization', 'owner'],
  }).map(byClass),
  ...product<Pick<Words, 'listedByClass' | 'listedByName'>>({ listedByClass: WORDS, listedByName: WORDS }).map(
    bySchema,
  ),
  ...product<Omit<Words, 'base' | 'baseController'>>({
    entity: ['none', 'owner'],
    listedByClass: ['none', 'organization', 'owner'],
    listedByName: ['none', 'owner'],
    controller: ['none', 'plain'],
  }).map(bySchemaWithClass),
];

// A declaration that stops the start keeps shared rows from being changed: their cascades are unknown.
const PARTS = databasesToTest().flatMap((kind) => [
  [kind, 'that start', CASES.filter(({ right }) => right !== 'refused')] as const,
  [kind, 'that stop the start', CASES.filter(({ right }) => right === 'refused')] as const,
]);

describe.each(PARTS)(
  'G-10 tenant 1 and a row of its own, one that it owns, and combinations of declarations on %s %s',
  (kind, _part, cases) => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let problems: string;

    beforeAll(async () => {
      database = await createDatabase(kind);
      const entities = cases.map(({ target }) => target);
      dataSource = await new DataSource({ ...database.options, entities, synchronize: true } as never).initialize();
      const { problems: found, undeclared } = validateDataSource(dataSource);
      problems = [...found, ...undeclared.map(({ name }) => name)].join('\n');
      for (const { target } of cases) {
        const { name, columns, tablePath } = dataSource.getMetadata(target);
        expect([name, columns.length]).toEqual([name, 4]);
        const escape = (text: string): string => dataSource.driver.escape(text);
        await tenancy.unscoped('what is there before', () =>
          dataSource.query(
            `INSERT INTO ${escape(tablePath)} (${['organizationId', 'ownerId', 'text'].map(escape).join(', ')}) ` +
              "VALUES (1, 2, 'mine'), (2, 1, 'owned')",
          ),
        );
      }
    }, 120_000);
    afterAll(async () => {
      await dataSource.destroy();
      await database.drop();
    });

    /** By which column tenant 1 reads and writes rows; refused where it cannot, and the start names the entity. */
    const outcomeOf = async (target: EntityTarget<Row>): Promise<Outcome | 'open' | 'mixed'> => {
      const repository = dataSource.getRepository(target);
      const { name } = dataSource.getMetadata(target);
      try {
        const seen = await tenancy.run({ organizationId: 1 }, async () => {
          const rows = await repository.find();
          await repository.createQueryBuilder().update().set({ text: 'changed' }).execute();
          return rows.map(({ text }) => text).sort();
        });
        const rows = await tenancy.unscoped('looks at everything', () => repository.find());
        const changed = rows
          .filter(({ text }) => text === 'changed')
          .map((row) => (row.ownerId === 1 ? 'owned' : 'mine'));
        if (seen.join() !== changed.sort().join() || new RegExp(`\\b${name}\\b`).test(problems)) return 'mixed';
        return ({ mine: 'organization', owned: 'owner', 'mine,owned': 'shared' } as const)[seen.join()] ?? 'open';
      } catch (error) {
        const isTold = new RegExp(`\\b${name}\\b`).test(problems);
        return isTold && /MuckConfigurationError|EntityUndeclaredError/.test(String(error)) ? 'refused' : 'mixed';
      }
    };

    it('have one right outcome each', async () => {
      const wrong: unknown[] = [];
      for (const { name, target, right } of cases) {
        const outcome = await outcomeOf(target);
        if (outcome !== right) wrong.push({ name, outcome, right });
      }
      expect(wrong).toEqual([]);
      expect(cases.length).toBeGreaterThan(50);
    }, 120_000);
  },
);

describe.each(adaptersToTest())(
  'G-10 a contract whose base class gives it to its owner, over HTTP on %s',
  (adapter) => {
    @TenantScoped({ columns: { organizationId: 'ownerId' } })
    abstract class Owned {
      @PrimaryGeneratedColumn() id!: number;
      @Column() ownerId!: number;
    }
    @Entity()
    class OwnedContract extends Owned {
      @Column() organizationId!: number;
      @Column() text!: string;
    }
    class Party1Guard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        Object.assign(context.switchToHttp().getRequest<object>(), { user: { organizationId: 1 } });
        return true;
      }
    }
    @Controller('contracts')
    @UseGuards(Party1Guard)
    @TenantScoped()
    @Crud(OwnedContract)
    class ContractsController extends CrudController<OwnedContract> {}

    it('is neither read nor changed by the other party, whose key stands in a column called like the scope key', async () => {
      const { transport, dataSource, close } = await openScopedApplication({
        database: databasesToTest()[0],
        adapter,
        entities: [OwnedContract],
        controllers: [ContractsController],
      });
      try {
        const contracts = dataSource.getRepository(OwnedContract);
        await tenancy.unscoped('what is there before', () =>
          contracts.insert([{ ownerId: 2, organizationId: 1, text: 'secret' }]),
        );
        const list = await transport.send({ url: '/contracts' });
        expect([list.status, list.text]).toEqual([200, expect.not.stringContaining('secret')]);
        const headers = { 'content-type': 'application/json' };
        const patch = await transport.send({ method: 'PATCH', url: '/contracts/1', headers, body: '{"text":"taken"}' });
        expect(patch.status).toBe(404);
        const [row] = await tenancy.unscoped('looks at everything', () => contracts.find());
        expect(row.text).toBe('secret');
      } finally {
        await close();
      }
    });
  },
);

describe('G-10 an application does not start', () => {
  it('if a child of a single table gives the rows of that table to another tenant than its base', async () => {
    @Entity()
    @TenantScoped()
    @TableInheritance({ column: { type: 'varchar', name: 'kind' } })
    class Payment {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() payeeId!: number;
    }
    @ChildEntity()
    @TenantScoped({ columns: { organizationId: 'payeeId' } })
    class CardPayment extends Payment {}
    expect(validateDataSource(await unconnected('sqljs', [Payment, CardPayment])).problems).toEqual([
      'Payment and CardPayment map the same table, but have different tenant columns. Give both the same declaration.',
    ]);
  });

  it('if a class that extends a controller of a resource gives its rows by another column', async () => {
    @Entity()
    @TenantScoped()
    class Lease {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() ownerId!: number;
    }
    @TenantScoped()
    @Crud(Lease)
    class LeasesController extends CrudController<Lease> {}
    @TenantScoped({ columns: { organizationId: 'ownerId' } })
    class OwnLeasesController extends LeasesController {}
    expect(OwnLeasesController.name).toBe('OwnLeasesController');
    expect(validateDataSource(await unconnected('sqljs', [Lease])).problems).toEqual([
      'Lease has two different declarations: @TenantScoped() on Lease, and ' +
        "@TenantScoped({ columns: { organizationId: 'ownerId' } }) on OwnLeasesController. Remove one, or make both the same.",
    ]);
  });

  it('if an entity was queried before a declaration gives its rows to another tenant, and its queries are refused', async () => {
    @Entity()
    class Permit {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() ownerId!: number;
    }
    serve(Permit, 'plain');
    const dataSource = await unconnected('sqljs', [Permit]);
    expect(validateDataSource(dataSource).problems).toEqual([]);
    list(Permit, 'owner');
    expect(validateDataSource(dataSource).problems).toEqual([
      expect.stringContaining('the declaration of Permit changed after its first query'),
    ]);
    const query = (): unknown =>
      tenancy.run({ organizationId: 1 }, () => dataSource.createQueryBuilder(Permit, 'p').getQuery());
    expect(query).toThrow('the declaration of Permit changed after its first query');
  });
});
