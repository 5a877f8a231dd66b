import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  ForeignKey,
  EntitySchema,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  QueryBuilder,
  Unique,
  ViewColumn,
  ViewEntity,
  VirtualColumn,
} from 'typeorm';
import type { ColumnType, DataSourceOptions, EntityManager, ObjectLiteral, Relation } from 'typeorm';
import { validateDataSource } from '../../../../lib/orm/startup/data-source.validator.js';
import { builderRegistry } from '../../../../lib/orm/enforcement/builder-registry.js';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { testPredicates } from '../../../../lib/orm/startup/predicate-self-test.js';
import { registerEntityTenancy } from '../../../../lib/tenancy/metadata/entity-tenancy.registry.js';
import { unconnected } from '../../../support/unconnected.js';

/* What the entities of a DataSource are looked over for before an application starts. */

declareScope({ organizationId: Number, region: String, account: BigInt });

type Entities = NonNullable<DataSourceOptions['entities']>;
const findingsOn = async (entities: Entities, options?: object): Promise<ReturnType<typeof validateDataSource>> =>
  validateDataSource(await unconnected('sqljs', entities, options));
const problemsOf = async (...entities: Type[]): Promise<readonly string[]> => (await findingsOn(entities)).problems;
const NOTHING = { problems: [], undeclared: [] };

/** Only one key of the scope says whose its rows are. */
const BY_ORGANIZATION = { omit: ['region', 'account'] };

@Entity()
@TenantScoped(BY_ORGANIZATION)
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
}

@Entity()
@TenantShared('the same for all')
class Country {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ unique: true }) code!: string;
}

describe('a DataSource is looked over', () => {
  it('and is fine with whatever belongs to tenants by one key, by several, or through a parent', async () => {
    @Entity()
    @TenantScoped()
    class Store {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() region!: string;
      @Column('bigint') account!: string;
    }
    @Entity()
    @TenantScoped({ via: 'order' })
    class Line {
      @PrimaryColumn() orderId!: number;
      @ManyToOne(() => Order, { nullable: false }) order!: Relation<Order>;
      @ManyToMany(() => Country) @JoinTable() countries!: Relation<Country[]>;
    }
    for (const kind of ['postgres', 'mysql', 'sqljs'] as const)
      expect(validateDataSource(await unconnected(kind, [Order, Store, Line, Country]))).toEqual(NOTHING);
  });

  it('and is fine without entities, whatever its database', () => {
    expect(validateDataSource(new DataSource({ type: 'sqljs' }))).toEqual(NOTHING);
    const bare = { entityMetadatas: [], options: { type: 'mongodb' }, driver: { options: { type: 'mongodb' } } };
    expect(validateDataSource(bare as unknown as DataSource)).toEqual(NOTHING);
  });

  it('before it may be used it has to be initialised', async () => {
    const { entityMetadatas, options, driver } = await unconnected('sqljs', [Order]);
    expect(validateDataSource({ entityMetadatas, options, driver } as unknown as DataSource)).toEqual({
      problems: ['a DataSource is not initialised'],
      undeclared: [],
    });
  });

  it('on a database that cannot be kept inside a scope it may have shared entities only', async () => {
    const on = async (...entities: Type[]): Promise<unknown> => {
      const { entityMetadatas } = await unconnected('sqljs', entities);
      const options = { type: 'mssql' };
      return validateDataSource({ entityMetadatas, options, driver: { options } } as unknown as DataSource);
    };
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    class Invoice {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    @Entity()
    class Unknown {
      @PrimaryGeneratedColumn() id!: number;
    }
    expect(await on(Country, Unknown)).toEqual(NOTHING);
    expect(await on(Order, Country, Unknown, Invoice)).toEqual({
      problems: [
        'Order, Invoice are tenant-scoped, and mssql databases are not supported. Use PostgreSQL, MySQL, MariaDB or SQLite.',
      ],
      undeclared: [],
    });
  });

  it('and names its methods that were replaced after it was attached', async () => {
    const dataSource = await unconnected('sqljs', [Order]);
    const { driver } = dataSource;
    const issue = driver.escapeQueryWithParameters.bind(driver);
    driver.escapeQueryWithParameters = (...args) => issue(...args);
    expect(validateDataSource(dataSource).problems).toEqual([]);
    driver.escapeQueryWithParameters = (sql, parameters) => [sql, Object.values(parameters)];
    expect(validateDataSource(dataSource).problems).toEqual([
      'escapeQueryWithParameters() of the DataSource was replaced after it was initialised, and enforcement with it. ' +
        'Call the method that was there, or replace it before, in a dataSourceFactory.',
    ]);
  });

  it('and what fails otherwise than by a wrong declaration fails', async () => {
    const dataSource = await unconnected('sqljs', [Order]);
    const failing = (): never => {
      throw new TypeError('a mistake of ours');
    };
    Object.assign(requireEnforcement(dataSource).policies, { of: failing });
    expect(() => validateDataSource(dataSource)).toThrow('a mistake of ours');
  });

  it('and its statements are not looked at where its entities have problems, each of which is told once', async () => {
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    class Orphan {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ unique: true }) code!: string;
    }
    const { problems } = await findingsOn([Orphan, Order]);
    expect(problems).toEqual([expect.stringMatching(/^Orphan has no column 'organizationId'/)]);
  });

  it('and its statements are not looked at where an option is a problem', async () => {
    const dataSource = await unconnected('sqljs', [Order], { invalidWhereValuesBehavior: { undefined: 'ignore' } });
    const failing = (): never => {
      throw new TypeError('there is no repository');
    };
    Object.assign(dataSource, { getRepository: failing });
    expect(validateDataSource(dataSource).problems).toEqual([
      expect.stringMatching(/^invalidWhereValuesBehavior is 'ignore'/),
    ]);
  });

  it('and rows of an entity that is declared wrongly are taken for rows of a tenant by the others', async () => {
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    class Shelf {
      @PrimaryColumn({ length: 10 }) code!: string;
    }
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    @Unique(['shelfCode'])
    class Folder {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @ForeignKey(() => Shelf) @Column({ type: 'integer' }) shelfCode!: string;
    }
    expect(await problemsOf(Shelf, Folder)).toEqual([
      expect.stringMatching(/^Shelf has no column 'organizationId'/),
      expect.stringMatching(/^Folder.shelfCode \(integer\) is narrower than the column it references, Shelf.code/),
    ]);
  });

  it('and find options must not leave conditions out', async () => {
    const problem =
      "invalidWhereValuesBehavior is 'ignore': find({ where: { id: undefined } }) would return the first row of the tenant. " +
      "Remove the option, or set it to 'throw'.";
    const on = async (invalidWhereValuesBehavior: object): Promise<readonly string[]> =>
      (await findingsOn([Order], { invalidWhereValuesBehavior })).problems;
    expect(await on({ undefined: 'ignore', null: 'throw' })).toEqual([problem]);
    expect(await on({ undefined: 'throw', null: 'ignore' })).toEqual([problem]);
    expect(await on({ undefined: 'throw', null: 'sql-null' })).toEqual([]);
    expect(await on({})).toEqual([]);
  });
});

describe('the type of a tenant column', () => {
  const COLUMNS = { Number: 'organizationId', String: 'region', BigInt: 'account' } as const;
  type TypeName = keyof typeof COLUMNS;
  const types = (kind: 'postgres' | 'mysql' | 'sqljs'): Record<TypeName, string[]> => {
    const whole = { postgres: 'int,int2,int8', mysql: 'int,tinyint,bigint', sqljs: 'int,tinyint,unsigned big int' };
    const exact = { postgres: 'numeric,decimal', mysql: 'decimal,dec,numeric,fixed', sqljs: 'decimal,numeric' };
    const rough = {
      postgres: 'float,double precision',
      mysql: 'double,real',
      sqljs: 'float,real,double',
    };
    const text = {
      postgres: 'varchar,text,uuid,enum',
      mysql: 'varchar,char,tinytext,enum,uuid',
      sqljs: 'varchar,character,text,clob',
    };
    const wholes = [whole[kind], exact[kind]].join().split(',');
    return { Number: [...wholes, ...rough[kind].split(',')], String: text[kind].split(','), BigInt: wholes };
  };
  const OTHERS = {
    postgres: 'real,char,inet,interval,point,boolean,date,timestamptz,jsonb,bytea,int4range,int8multirange',
    mysql: 'float,point,multipoint,linestring,date,datetime,json,blob',
    sqljs: 'boolean,date,datetime,blob,json',
  };
  /** Those of some types that a tenant column of a scope key may have. */
  const accepted = async (kind: 'postgres' | 'mysql' | 'sqljs', key: TypeName, types: string[]): Promise<string[]> => {
    const column = COLUMNS[key];
    const names = new Map(types.map((type) => [`${kind}_${key}_${type.replaceAll(' ', '_')}`, type]));
    const schemas = [...names].map(([name, type]) => {
      registerEntityTenancy(
        name,
        { kind: 'scoped', options: { omit: Object.values(COLUMNS).filter((other) => other !== column) } },
        'forRoot',
      );
      const own = { type: type as ColumnType, ...(type === 'enum' && { enum: ['a', 'b'] }) };
      return new EntitySchema({ name, columns: { id: { type: Number, primary: true }, [column]: own } });
    });
    for (const problem of validateDataSource(await unconnected(kind, schemas)).problems) {
      if (names.delete(/^(\S+) has the .* as a tenant column/.exec(problem)?.[1] ?? '')) continue;
      const said = ` column, but the scope key '${column}' is declared as ${key}. Use the same type for both.`;
      expect(problem.slice(-said.length)).toBe(said);
      expect(names.delete(problem.split('.')[0])).toBe(true);
    }
    return [...names.values()];
  };

  it.each(['postgres', 'mysql', 'sqljs'] as const)('agrees with that of its scope key on %s', async (kind) => {
    const fitting = types(kind);
    const all = new Set([...Object.values(fitting).flat(), ...OTHERS[kind].split(',')]);
    for (const key of ['Number', 'String', 'BigInt'] as const)
      expect([key, ...(await accepted(kind, key, [...all])).sort()]).toEqual([key, ...fitting[key].sort()]);
  });

  it('is named as the database calls it', async () => {
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    class Spelled {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: string;
    }
    expect(await problemsOf(Spelled)).toEqual([
      "Spelled.organizationId is a varchar column, but the scope key 'organizationId' is declared as Number. Use the same type for both.",
    ]);
  });
});

describe('a unique key', () => {
  const MIGHT_TELL = 'without the tenant column: a conflict would tell a tenant which values other tenants have. ';

  it('holds all tenant columns, wherever it is declared', async () => {
    @Entity()
    @TenantScoped({ omit: ['account'] })
    @Unique(['code', 'region', 'organizationId'])
    @Unique(['region', 'code'])
    @Index(['organizationId', 'year'], { unique: true })
    @Index(['year', 'code'])
    class Coupon {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() region!: string;
      @Column() code!: string;
      @Column() year!: number;
    }
    expect([...(await problemsOf(Coupon))].sort()).toEqual([
      `Coupon has a unique key (organizationId,year) ${MIGHT_TELL}` +
        "Make it @Unique(['region', 'organizationId', 'year']), or " +
        "acknowledge it: @TenantScoped({ omit: ['account'], globallyUnique: { 'organizationId,year': 'why' } }).",
      `Coupon has a unique key (region,code) ${MIGHT_TELL}` +
        "Make it @Unique(['organizationId', 'region', 'code']), or " +
        "acknowledge it: @TenantScoped({ omit: ['account'], globallyUnique: { 'region,code': 'why' } }).",
    ]);
  });

  it('may be acknowledged, each by its own name', async () => {
    @Entity()
    @TenantScoped({ ...BY_ORGANIZATION, globallyUnique: { 'code,year': 'printed on paper' } })
    @Unique(['code', 'year'])
    @Unique(['year', 'code'])
    class Voucher {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() code!: string;
      @Column() year!: number;
      @Column({ unique: true }) number!: string;
    }
    const problems = await problemsOf(Voucher);
    expect(problems.map((problem) => /\(.*?\)/.exec(problem)![0]).sort()).toEqual(['(number)', '(year,code)']);
  });

  it('may hold a key of a row of its tenant, required or not, with all its columns', async () => {
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    class Shelf {
      @PrimaryColumn() hall!: number;
      @PrimaryColumn() place!: number;
      @Column() organizationId!: number;
    }
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    @Unique(['hall', 'number'])
    @Unique(['hall', 'place', 'number'])
    class Box {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() hall!: number;
      @Column() place!: number;
      @Column() number!: number;
      @ManyToOne(() => Shelf, { nullable: false })
      @JoinColumn([
        { name: 'hall', referencedColumnName: 'hall' },
        { name: 'place', referencedColumnName: 'place' },
      ])
      shelf!: Relation<Shelf>;
      @OneToOne(() => Order, { nullable: false }) @JoinColumn() order!: Relation<Order>;
      @OneToOne(() => Order) @JoinColumn() loose!: Relation<Order> | null;
    }
    expect([...(await problemsOf(Shelf, Box, Order))].sort()).toEqual([
      expect.stringContaining(`Box has a unique key (hall,number) ${MIGHT_TELL}`),
    ]);
  });

  it('may hold a key of a row of which a part may be NULL, which conflicts with nothing', async () => {
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    class Rack {
      @PrimaryColumn() hall!: number;
      @PrimaryColumn() place!: number;
      @Column() organizationId!: number;
    }
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    @Unique(['hall', 'place', 'number'])
    class Crate {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() hall!: number;
      @Column({ type: Number, nullable: true }) place!: number | null;
      @Column() number!: number;
      @ManyToOne(() => Rack)
      @JoinColumn([
        { name: 'hall', referencedColumnName: 'hall' },
        { name: 'place', referencedColumnName: 'place' },
      ])
      rack!: Relation<Rack> | null;
    }
    expect(await problemsOf(Rack, Crate)).toEqual([]);
  });

  it('of rows that belong to a tenant through a parent holds the key of that', async () => {
    @Entity()
    @TenantScoped({ via: 'order' })
    @Unique(['order', 'number'])
    class Line {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Order, { nullable: false }) order!: Relation<Order>;
      @Column({ unique: true }) number!: number;
    }
    expect(await problemsOf(Line, Order)).toEqual([
      `Line has a unique key (number) ${MIGHT_TELL}Make it @Unique(['order.id', 'number']), or acknowledge it: @TenantScoped({ via: 'order', globallyUnique: { number: 'why' } }).`,
    ]);
  });

  it('of rows that all tenants share is no secret', async () => {
    expect(await problemsOf(Country)).toEqual([]);
  });
});

describe('two entities over one table', () => {
  it('are both shared or both scoped', async () => {
    @Entity('order')
    @TenantShared('a mistake')
    class AllOrders {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Entity('order')
    @TenantScoped(BY_ORGANIZATION)
    class SameOrders {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    expect(await problemsOf(Order, SameOrders, Country)).toEqual([]);
    expect(await problemsOf(Order, SameOrders, AllOrders)).toEqual([
      'Order and AllOrders map the same table, but one is shared and the other is scoped. Give both the same declaration.',
    ]);
  });

  it('are fine if both are shared', async () => {
    @Entity('country')
    @TenantShared('the same for all')
    class SameCountries {
      @PrimaryGeneratedColumn() id!: number;
    }
    expect(await problemsOf(Country, SameCountries)).toEqual([]);
  });

  it('belong to tenants through the same rows, by the same column', async () => {
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    class Offer {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    @Entity('line')
    @TenantScoped({ via: 'order' })
    class Line {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Order, { nullable: false }) order!: Relation<Order>;
    }
    @Entity('line')
    @TenantScoped({ via: 'of' })
    class SameLines {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Order, { nullable: false }) @JoinColumn({ name: 'orderId' }) of!: Relation<Order>;
    }
    @Entity('line')
    @TenantScoped({ via: 'offer' })
    class OfferLines {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Offer, { nullable: false }) @JoinColumn({ name: 'orderId' }) offer!: Relation<Offer>;
    }
    @Entity('line')
    @TenantScoped({ via: 'next' })
    class NextLines {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Order, { nullable: false }) next!: Relation<Order>;
    }
    expect(await problemsOf(Order, Line, SameLines)).toEqual([]);
    for (const Other of [OfferLines, NextLines])
      expect(await problemsOf(Order, Offer, Line, Other)).toEqual([
        `Line and ${Other.name} map the same table, but have different tenant columns. Give both the same declaration.`,
      ]);
  });

  it('are told of once more where it cannot be said whose the rows of one are', async () => {
    @Entity('order')
    @TenantScoped({ via: 'nothing' })
    class LostOrders {
      @PrimaryGeneratedColumn() id!: number;
    }
    expect(await problemsOf(LostOrders, Order)).toEqual([
      expect.stringContaining("LostOrders is scoped via 'nothing'"),
      expect.stringContaining('Order and LostOrders map the same table'),
    ]);
  });
});

describe('an entity of which nothing is declared', () => {
  it('is told of with the line that most likely fits it', async () => {
    @Entity()
    class All {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() region!: string;
      @Column() account!: string;
      @ManyToOne(() => Order, { nullable: false }) order!: Relation<Order>;
    }
    @Entity()
    class Some {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() region!: string;
    }
    @Entity()
    class Line {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Country, { nullable: false }) country!: Relation<Country>;
      @ManyToOne(() => Order) maybe!: Relation<Order> | null;
      @OneToMany(() => Bill, (bill) => bill.line) bills!: Relation<Bill[]>;
      @ManyToOne(() => Some, { nullable: false }) some!: Relation<Some>;
      @ManyToMany(() => Order) @JoinTable() orders!: Relation<Order[]>;
      @ManyToOne(() => Order, { nullable: false }) order!: Relation<Order>;
    }
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    class Bill {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @ManyToOne(() => Line, (line) => line.bills) line!: Relation<Line> | null;
      @OneToOne(() => Seal, (seal) => seal.bill, { nullable: false }) seal!: Relation<Seal>;
    }
    @Entity()
    class Seal {
      @PrimaryGeneratedColumn() id!: number;
      @OneToOne(() => Bill, (bill) => bill.seal, { nullable: false }) @JoinColumn() bill!: Relation<Bill>;
    }
    @Entity()
    @TenantScoped({ via: 'order' })
    class Part {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Order, { nullable: false }) order!: Relation<Order>;
    }
    @Entity()
    class Screw {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Part, { nullable: false }) part!: Relation<Part>;
    }
    @Entity()
    class Alone {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Order) order!: Relation<Order> | null;
    }
    const findings = await findingsOn([All, Some, Line, Bill, Seal, Part, Screw, Alone, Order, Country]);
    expect(findings).toEqual({
      problems: [],
      undeclared: [
        { name: 'All', proposal: '@TenantScoped()' },
        { name: 'Some', proposal: "@TenantShared('why')" },
        { name: 'Line', proposal: "@TenantScoped({ via: 'order' })" },
        { name: 'Seal', proposal: "@TenantScoped({ via: 'bill' })" },
        { name: 'Screw', proposal: "@TenantScoped({ via: 'part' })" },
        { name: 'Alone', proposal: "@TenantShared('why')" },
      ],
    });
  });
});

describe('an entity that is named by a row of a tenant', () => {
  it('does not belong to a tenant through that', async () => {
    @Entity()
    class Letter {
      @PrimaryGeneratedColumn() id!: number;
      @OneToOne(() => Stamp, (stamp) => stamp.letter, { nullable: false }) stamp!: Relation<Stamp>;
    }
    @Entity()
    @TenantScoped(BY_ORGANIZATION)
    class Stamp {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @OneToOne(() => Letter, (letter) => letter.stamp) @JoinColumn() letter!: Relation<Letter>;
    }
    expect((await findingsOn([Letter, Stamp])).undeclared).toEqual([
      { name: 'Letter', proposal: "@TenantShared('why')" },
    ]);
  });
});

/** A builder of statements that carry no predicate. */
const unlimited: unknown = new Proxy(
  {},
  { get: (_, name) => (name === 'getQuery' ? () => 'SELECT 1' : () => unlimited) },
);

describe('the statements of a DataSource are looked at before the application starts', () => {
  @ViewEntity({ expression: 'SELECT * FROM paper' })
  @TenantScoped(BY_ORGANIZATION)
  class PaperView {
    @ViewColumn() id!: number;
    @ViewColumn() organizationId!: number;
  }
  /** There is nothing that an update could set. */
  @Entity()
  @TenantScoped({ via: 'paper' })
  class Pin {
    @PrimaryGeneratedColumn() id!: number;
    @ManyToOne(() => Paper, { nullable: false }) paper!: Relation<Paper>;
    @Column({ update: false }) text!: string;
    @VirtualColumn({ query: () => 'SELECT 1' }) size!: number;
  }

  @Entity()
  @TenantScoped(BY_ORGANIZATION)
  class Paper {
    @PrimaryGeneratedColumn() id!: number;
    @Column() organizationId!: number;
    @Column() text!: string;
    @DeleteDateColumn() deletedAt!: Date | null;
  }
  type Verb = 'delete' | 'update' | 'softDelete' | 'restore' | 'subQuery' | 'insert';
  type Make = (...args: never[]) => unknown;
  /** As the given method, but a statement that is made by `verb` from its builder carries no predicate; by default none does. */
  const without = (original: Make, verb?: Verb): never =>
    ((...args: never[]) => {
      if (verb === undefined) return unlimited;
      return Object.assign(original(...args) as object, { [verb]: () => unlimited });
    }) as never;
  const breakManager = (manager: EntityManager, verb?: Verb): EntityManager => {
    manager.createQueryBuilder = without(manager.createQueryBuilder.bind(manager), verb);
    return manager;
  };
  const OWNERS: Readonly<Record<string, string>> = {
    PaperView: 'PaperView.organizationId',
    Paper: 'Paper.organizationId',
    Pin: 'Pin.paper → Paper.organizationId',
  };
  const refused = (kind: string, entity: string): string =>
    `nestjs-muck cannot start: ${kind} on ${entity}, whose rows belong to tenants by ${OWNERS[entity]}, does not carry the tenant predicate. This release of TypeORM is not supported; ` +
    'install one in the range of its peer dependency.';
  const check = async (change: (dataSource: DataSource) => void, ...entities: Type[]): Promise<string> => {
    const dataSource = await unconnected('sqljs', entities.length > 0 ? entities : [PaperView, Pin, Paper]);
    change(dataSource);
    try {
      testPredicates(dataSource);
      return 'nothing is wrong';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('of all kinds, and carry the predicate as they are, those on a view too', async () => {
    for (const kind of ['postgres', 'mysql', 'sqljs'] as const)
      expect(validateDataSource(await unconnected(kind, [PaperView, Pin, Paper]))).toEqual(NOTHING);
    expect(await check(() => undefined)).toBe('nothing is wrong');
  });

  it('and a problem with one keeps the application from starting', async () => {
    const dataSource = await unconnected('sqljs', [Paper]);
    dataSource.getRepository = (() => ({ createQueryBuilder: () => unlimited })) as never;
    expect(validateDataSource(dataSource).problems).toEqual([
      refused('a select of a repository', 'Paper').replace('nestjs-muck cannot start: ', ''),
    ]);
  });

  it('selects of the DataSource and of its repositories', async () => {
    const bySource = (dataSource: DataSource): void => {
      dataSource.createQueryBuilder = without(dataSource.createQueryBuilder);
    };
    expect(await check(bySource)).toBe(refused('a select of the DataSource', 'PaperView'));
    const byRepository = (dataSource: DataSource): void => {
      dataSource.getRepository = (() => ({ createQueryBuilder: () => unlimited })) as never;
    };
    expect(await check(byRepository)).toBe(refused('a select of a repository', 'PaperView'));
  });

  it.each(['the EntityManager', "a transaction's EntityManager"])('all statements of %s', async (name) => {
    const by =
      (verb?: Verb) =>
      (dataSource: DataSource): void => {
        if (name === 'the EntityManager') breakManager(dataSource.manager, verb);
        else {
          const create = dataSource.createEntityManager.bind(dataSource);
          dataSource.createEntityManager = () => breakManager(create(), verb);
        }
        // A repository would ask the manager.
        dataSource.getRepository = ((target: string) => ({
          createQueryBuilder: (alias: string) => dataSource.createQueryBuilder(target, alias),
        })) as never;
      };
    expect(await check(by())).toBe(refused(`a select of ${name}`, 'PaperView'));
    expect(await check(by('subQuery'))).toBe(refused(`a sub-query of ${name}`, 'PaperView'));
    expect(await check(by('delete'))).toBe(refused(`a delete of ${name}`, 'Pin'));
    expect(await check(by('update'))).toBe(refused(`an update of ${name}`, 'Paper'));
    expect(await check(by('softDelete'))).toBe(refused(`a soft delete of ${name}`, 'Paper'));
    expect(await check(by('restore'))).toBe(refused(`a restore of ${name}`, 'Paper'));
  });

  it('by name: the message has the whole way to the tenant columns, of a link over both its ends', async () => {
    @Entity()
    @TenantScoped()
    class Parcel {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() region!: string;
      @Column('bigint') account!: string;
      @ManyToMany(() => Pin) @JoinTable() pins!: Relation<Pin>[];
    }
    const only =
      (name: string, make: () => unknown) =>
      (dataSource: DataSource): void => {
        const create = dataSource.createQueryBuilder.bind(dataSource) as Make;
        dataSource.createQueryBuilder = ((...args: never[]) => (args[0] === name ? make() : create(...args))) as never;
      };
    const links = await check(
      only('parcel_pins_pin', () => unlimited),
      Parcel,
      Pin,
      Paper,
    );
    expect(links).toContain('a select of the DataSource on parcel_pins_pin, whose rows belong to tenants by ');
    for (const end of ['organizationId', 'region', 'account'])
      expect(links).toContain(`parcel_pins_pin.parcelId → Parcel.${end} and `);
    expect(links).toContain('parcel_pins_pin.pinId → Pin.paper → Paper.organizationId, does not carry');
    const failing = only('parcel_pins_pin', () => {
      throw new TypeError('no such builder');
    });
    expect(await check(failing, Parcel, Pin, Paper)).toContain('cannot be built: TypeError: no such builder');
  });

  it('inserts into tables that hold a tenant', async () => {
    const byInsert = (dataSource: DataSource): void => {
      dataSource.createQueryBuilder = without(dataSource.createQueryBuilder.bind(dataSource), 'insert');
    };
    expect(await check(byInsert)).toBe(refused('an insert', 'Paper'));
  });

  it('updates, by a column that is no key and says nothing of whose a row is', async () => {
    @Entity()
    @TenantScoped({ via: 'paper' })
    class Note {
      @PrimaryColumn() id!: number;
      @ManyToOne(() => Paper, { nullable: false }) paper!: Relation<Paper>;
      @Column({ update: false }) madeBy!: string;
      @VirtualColumn({ query: () => 'SELECT 1' }) size!: number;
      @Column({ transformer: { to: (value: unknown) => value, from: (value: unknown) => value } }) coded!: string;
      @Column() body!: string;
    }
    const sets: ObjectLiteral[] = [];
    const listen = (dataSource: DataSource): void => {
      const { manager } = dataSource;
      const create = manager.createQueryBuilder.bind(manager) as Make;
      manager.createQueryBuilder = ((...args: never[]) => {
        const builder = create(...args) as QueryBuilder<ObjectLiteral>;
        const update = builder.update.bind(builder) as Make;
        const listening = (...updated: never[]): unknown => {
          const updating = update(...updated) as { set(values: ObjectLiteral): unknown };
          const set = updating.set.bind(updating);
          return Object.assign(updating, { set: (values: ObjectLiteral) => (sets.push(values), set(values)) });
        };
        return Object.assign(builder, { update: listening });
      }) as never;
    };
    expect(await check(listen, Note, Pin, Paper)).toBe('nothing is wrong');
    const once = [{ text: null }, { body: null }];
    expect(sets).toEqual([...once, ...once]);
  });

  it('once more when TypeORM has put its own builders back into the registry of the process', async () => {
    const registered = (dataSource: DataSource): void => {
      QueryBuilder.registerQueryBuilderClass(
        'DeleteQueryBuilder',
        (builder: never) => new builderRegistry.delete!(builder),
      );
      const { manager } = dataSource;
      const create = manager.createQueryBuilder.bind(manager) as Make;
      const byRegistry = Reflect.get(QueryBuilder.prototype, 'delete') as () => unknown;
      manager.createQueryBuilder = ((...args: never[]) =>
        Object.assign(create(...args) as object, { delete: byRegistry })) as never;
    };
    expect(await check(registered)).toBe(refused('a delete of the EntityManager', 'Pin'));
  });
});
