import { beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, EntityUndeclaredError, Tenancy, TenantScoped, TenantShared } from 'nestjs-muck';
import type { Type } from '@nestjs/common';
import {
  Column,
  DataSource,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import type { DataSourceOptions, EntityMetadata } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import type { PolicyRegistry } from '../../../../lib/orm/policy/policy-registry.js';
import { scopeParameter } from '../../../../lib/orm/policy/scope-parameters.js';
import { unconnected } from '../../../support/unconnected.js';

/*
 * The condition that limits each table, and which entities stand behind a name in SQL. Nothing is sent.
 */

declareScope({ tenant: String, branch: Number });
const tenancy = new Tenancy();
const asAcme = <R>(fn: () => R): R => tenancy.run({ tenant: 'acme', branch: 1 }, fn);
const policiesOf = (dataSource: DataSource): PolicyRegistry => requireEnforcement(dataSource).policies;

@Entity()
@TenantScoped()
class Office {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
}

@Entity()
@TenantScoped({ via: 'office' })
class Room {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Office, { nullable: false }) office!: Relation<Office>;
}

@Entity()
@TenantScoped({ via: 'room' })
class Shelf {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Room, { nullable: false }) room!: Relation<Room>;
  @ManyToMany(() => Color) @JoinTable({ name: 'shelf_color' }) colors!: Relation<Color[]>;
  @ManyToMany(() => Mystery) @JoinTable({ name: 'shelf_mystery' }) mysteries!: Relation<Mystery[]>;
}

@Entity()
@TenantShared('of the world')
class Color {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToMany(() => Color) @JoinTable({ name: 'color_color' }) likes!: Relation<Color[]>;
  @ManyToMany(() => Mystery) @JoinTable({ name: 'color_mystery' }) mysteries!: Relation<Mystery[]>;
}

/** Two columns make its key. */
@Entity()
@TenantScoped()
class Wall {
  @PrimaryColumn() house!: number;
  @PrimaryColumn() side!: string;
  @Column() tenant!: string;
  @Column() branch!: number;
}

@Entity()
@TenantScoped({ via: 'wall' })
class Picture {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Wall, { nullable: false }) wall!: Relation<Wall>;
}

/** Not declared. */
@Entity()
class Mystery {
  @PrimaryGeneratedColumn() id!: number;
}

@Entity()
@TenantScoped({ via: 'mystery' })
class Riddle {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Mystery, { nullable: false }) mystery!: Relation<Mystery>;
}

@ViewEntity({ expression: 'SELECT * FROM office' })
@TenantScoped()
class Window {
  @ViewColumn() id!: number;
  @ViewColumn() tenant!: string;
  @ViewColumn() branch!: number;
}

const ENTITIES = [Office, Room, Shelf, Color, Mystery, Riddle, Wall, Picture];
const [TENANT, BRANCH] = [scopeParameter('tenant'), scopeParameter('branch')];

describe('the condition of a table', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('postgres', ENTITIES);
  });
  const condition = (of: string | Type<object>): string =>
    asAcme(() => policiesOf(dataSource).predicateFor(dataSource.getMetadata(of), '"x"'));

  it('follows parents up to the one that has the columns, each under a name of its own', () => {
    expect(condition(Shelf)).toBe(
      'EXISTS (SELECT 1 FROM "room" "muck_parent_1" WHERE "muck_parent_1"."id" = "x"."roomId" AND ' +
        'EXISTS (SELECT 1 FROM "office" "muck_parent_2" WHERE "muck_parent_2"."id" = "muck_parent_1"."officeId" AND ' +
        `"muck_parent_2"."tenant" = :${TENANT} AND "muck_parent_2"."branch" = :${BRANCH}))`,
    );
  });

  it('names a parent by all columns of its key', () => {
    expect(condition(Picture)).toBe(
      'EXISTS (SELECT 1 FROM "wall" "muck_parent_1" WHERE ' +
        '"muck_parent_1"."house" = "x"."wallHouse" AND "muck_parent_1"."side" = "x"."wallSide" AND ' +
        `"muck_parent_1"."tenant" = :${TENANT} AND "muck_parent_1"."branch" = :${BRANCH})`,
    );
  });

  it('that connects rows of tenants with shared ones is that of the rows of tenants', () => {
    expect(condition('shelf_color')).toMatch(
      /^EXISTS \(SELECT 1 FROM "shelf" "muck_parent_1" WHERE "muck_parent_1"\."id" = "x"\."shelfId" AND EXISTS .*\)$/,
    );
    expect(condition('shelf_color')).not.toContain('color');
  });

  it('that connects shared rows is none', () => {
    expect(condition('color_color')).toBe('');
    expect(policiesOf(dataSource).tenantEntities('color_color')).toEqual([]);
  });

  it.each(['shelf_mystery', 'color_mystery', Riddle, Mystery])(
    'that is not declared, or whose parent is not declared, is refused: %p',
    (of) => {
      expect(() => condition(of)).toThrow(EntityUndeclaredError);
    },
  );

  it.each(['mysql', 'mariadb'] as const)('compares texts byte by byte on %s, and numbers as they are', async (type) => {
    const open = await unconnected(type, ENTITIES);
    expect(asAcme(() => policiesOf(open).predicateFor(open.getMetadata(Office), '`x`'))).toBe(
      `\`x\`.\`tenant\` = :${TENANT} AND BINARY \`x\`.\`tenant\` = :${TENANT} AND \`x\`.\`branch\` = :${BRANCH}`,
    );
  });

  it('compares the tenant columns of a view as texts, byte by byte, on MySQL, where their type is unknown', async () => {
    const condition = async (type: 'mysql' | 'mariadb' | 'postgres'): Promise<string> => {
      const open = await unconnected(type, [...ENTITIES, Window]);
      return asAcme(() => policiesOf(open).predicateFor(open.getMetadata(Window), 'x').replace(/[`"]/g, ''));
    };
    for (const type of ['mysql', 'mariadb'] as const)
      expect(await condition(type)).toBe(
        `x.tenant = :${TENANT} AND BINARY CAST(x.tenant AS CHAR) = :${TENANT} AND x.branch = :${BRANCH} AND BINARY x.branch = CAST(:${BRANCH} AS CHAR)`,
      );
    // PostgreSQL is told of no type either: the column has a parameter of its own.
    expect(await condition('postgres')).toMatch(
      new RegExp(`^x\\.tenant = :${TENANT}_[0-9a-f]+ AND x\\.branch = :${BRANCH}$`),
    );
  });
});

/** A scoped entity, and its table's name. */
function tableNamed(name: string): Type<object> {
  @Entity(name)
  @TenantScoped()
  class Named {
    @PrimaryGeneratedColumn() id!: number;
    @Column() tenant!: string;
    @Column() branch!: number;
  }
  return Named;
}

describe('a name in SQL', () => {
  const isLimited = async (type: 'postgres' | 'mysql' | 'sqljs', table: string, name: string): Promise<boolean> =>
    policiesOf(await unconnected(type, [tableNamed(table)])).tenantEntities(name).length > 0;
  const AT_LIMIT = 'n'.repeat(63);

  it('that is longer than PostgreSQL keeps is the table that it becomes', async () => {
    expect(await isLimited('postgres', `${AT_LIMIT}_and_more`, AT_LIMIT)).toBe(true);
    expect(await isLimited('postgres', AT_LIMIT, `${AT_LIMIT}_and_more`)).toBe(true);
    expect(await isLimited('postgres', AT_LIMIT, AT_LIMIT.slice(1))).toBe(false);
  });

  it('is cut before a character that would reach over the end of what PostgreSQL keeps', async () => {
    const almost = 'n'.repeat(62);
    expect(await isLimited('postgres', `${almost}é_and_more`, almost)).toBe(true);
    expect(await isLimited('postgres', 'é'.repeat(32), 'é'.repeat(31))).toBe(true);
  });

  it.each(['mysql', 'sqljs'] as const)('is never cut on %s', async (type) => {
    expect(await isLimited(type, `${AT_LIMIT}1`, `${AT_LIMIT}1`)).toBe(true);
    expect(await isLimited(type, `${AT_LIMIT}1`, `${AT_LIMIT}2`)).toBe(false);
  });

  it('is told from one that is spelt alike in capitals', async () => {
    expect(await isLimited('sqljs', 'Straße', 'straße')).toBe(true);
    expect(await isLimited('sqljs', 'Straße', 'strasse')).toBe(false);
  });
});

describe("the query cache's table", () => {
  const tableWith = async (cache?: DataSourceOptions['cache']): Promise<string | undefined> =>
    policiesOf(await unconnected('sqljs', ENTITIES, { cache })).cacheTable;

  it('is the one that the options name, in lower case', async () => {
    expect(await tableWith({ type: 'database', tableName: 'Kept_Results' })).toBe('kept_results');
  });

  it("is TypeORM's own where they name none", async () => {
    expect(await tableWith(true)).toBe('query-result-cache');
    expect(await tableWith({ duration: 1000 })).toBe('query-result-cache');
  });

  it('is not there without a cache: a table that is called so is one as any other', async () => {
    expect(await tableWith()).toBeUndefined();
    expect(await tableWith(false)).toBeUndefined();
  });
});

@Entity('place', { schema: 'one' })
@TenantShared('of the world')
class Place {
  @PrimaryGeneratedColumn() id!: number;
}

@Entity('place', { schema: 'two' })
@TenantShared('of the world')
class OtherPlace {
  @PrimaryGeneratedColumn() id!: number;
}

@Entity()
@TenantScoped()
class Fair {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
  @ManyToOne(() => OtherPlace, { onDelete: 'CASCADE' }) place!: Relation<OtherPlace>;
  @ManyToOne(() => Place) parking!: Relation<Place>;
}

describe('rows of tenants that cascade with shared ones', () => {
  let policies: PolicyRegistry;
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('postgres', [Place, OtherPlace, Fair]);
    policies = policiesOf(dataSource);
  });

  it('are those whose key says so, and no others', () => {
    expect(policies.cascades.ofDelete(dataSource.getMetadata(OtherPlace))?.entity.name).toBe('Fair');
    expect(policies.cascades.ofDelete(dataSource.getMetadata(Place))).toBeUndefined();
  });

  it('are found in whichever schema the table of that name is', () => {
    expect(policies.cascadeOfDelete('place')?.by).toBe('Fair.place (ON DELETE CASCADE)');
    expect(policies.cascadeOfDelete('fair')).toBeUndefined();
  });
});

@Entity()
@TenantShared('of the world')
@Unique(['country', 'number'])
class Currency {
  @PrimaryColumn() code!: string;
  @Column() name!: string;
  @Column() country!: string;
  @Column() number!: number;
}

@Entity()
@TenantShared('of the world')
class Planet {
  @PrimaryColumn() code!: string;
}

@Entity()
@TenantScoped()
class Account {
  @PrimaryColumn() code!: string;
  @Column() tenant!: string;
  @Column() branch!: number;
  @ManyToOne(() => Currency, { onUpdate: 'SET NULL' }) currency!: Relation<Currency>;
  @ManyToOne(() => Planet, { onUpdate: 'CASCADE' }) planet!: Relation<Planet>;
  @ManyToOne(() => Account, { onUpdate: 'SET NULL' }) next!: Relation<Account>;
}

@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
  @ManyToOne(() => Currency, { onUpdate: 'SET NULL' })
  @JoinColumn([
    { name: 'country', referencedColumnName: 'country' },
    { name: 'number', referencedColumnName: 'number' },
  ])
  currency!: Relation<Currency>;
}

describe('rows of tenants that forget shared ones which get another key', () => {
  it('are those whose key says so, for one of its columns', async () => {
    const open = await unconnected('postgres', [Currency, Planet, Account, Note]);
    const forgotten = (entity: Type<object>, property: string): string | undefined => {
      const metadata = open.getMetadata(entity);
      const column = metadata.findColumnWithPropertyName(property)!;
      return policiesOf(open).cascades.ofUpdate(metadata, new Set([column.databaseName]))?.entity.name;
    };
    expect(forgotten(Currency, 'code')).toBe('Account');
    expect(forgotten(Currency, 'number')).toBe('Note');
    expect(forgotten(Currency, 'name')).toBeUndefined();
    expect(forgotten(Planet, 'code')).toBe('Account');
    // Own rows refer to own ones.
    expect(forgotten(Account, 'code')).toBeUndefined();
  });
});

describe('an entity of which nothing is declared', () => {
  const openMystery = async (): Promise<{ policies: PolicyRegistry; of: (entity: Type<object>) => EntityMetadata }> => {
    const open = await unconnected('sqljs', [Office, Color, Mystery]);
    return { policies: policiesOf(open), of: (entity) => open.getMetadata(entity) };
  };

  it('is as a shared one from the time on that such entities are allowed, and is told from those that are declared so', async () => {
    const { policies, of } = await openMystery();
    const allowed = (): boolean[] => [Mystery, Color, Office].map((entity) => policies.isAllowedUndeclared(of(entity)));
    expect(policies.of(of(Mystery))).toEqual({ kind: 'undeclared' });
    expect(allowed()).toEqual([false, false, false]);
    policies.allowUndeclared();
    expect(policies.of(of(Mystery))).toEqual({ kind: 'shared' });
    expect(allowed()).toEqual([true, false, false]);
    expect(asAcme(() => policies.predicateFor(of(Mystery), 'x'))).toBe('');
  });

  it('may hang on rows that belong to tenants, as a junction table does: it is not allowed then', async () => {
    const open = await unconnected('sqljs', [Office, Room, Shelf, Color, Mystery]);
    const policies = policiesOf(open);
    policies.allowUndeclared();
    const [junction] = open.entityMetadatas.filter(({ tableName }) => tableName === 'shelf_color');
    expect(policies.of(junction).kind).toBe('parents');
    expect(policies.isAllowedUndeclared(junction)).toBe(false);
  });

  it('is accessed in an unscoped section alone', async () => {
    const { policies, of } = await openMystery();
    expect(() => asAcme(() => policies.isLimited(of(Mystery)))).toThrow(EntityUndeclaredError);
    expect(tenancy.unscoped('a test', () => policies.isLimited(of(Mystery)))).toBe(false);
  });

  it('may be declared after it was asked for', async () => {
    @Entity()
    class Late {
      @PrimaryGeneratedColumn() id!: number;
    }
    const open = await unconnected('sqljs', [Late]);
    const policies = policiesOf(open);
    expect(policies.of(open.getMetadata(Late))).toEqual({ kind: 'undeclared' });
    TenantShared('found out since')(Late);
    expect(policies.of(open.getMetadata(Late))).toEqual({ kind: 'shared' });
  });
});

it('an entity that was asked for is not declared in another way afterwards', async () => {
  @Entity()
  @TenantShared('of the world')
  class Chart {
    @PrimaryGeneratedColumn() id!: number;
  }
  @Entity()
  class Atlas extends Chart {
    @Column() tenant!: string;
    @Column() branch!: number;
  }
  const open = await unconnected('sqljs', [Chart, Atlas]);
  const policies = policiesOf(open);
  const [chart, atlas] = [open.getMetadata(Chart), open.getMetadata(Atlas)];
  expect([policies.of(chart), policies.of(atlas)]).toEqual([{ kind: 'shared' }, { kind: 'shared' }]);
  TenantScoped()(Atlas);
  expect(policies.of(chart)).toEqual({ kind: 'shared' });
  expect(() => policies.of(atlas)).toThrow(
    "the declaration of Atlas changed after its first query: from 'shared' to 'scoped'",
  );
});

it('an entity whose rows belong to tenants through themselves is refused', async () => {
  @Entity()
  @TenantScoped({ via: 'parent' })
  class Branch {
    @PrimaryGeneratedColumn() id!: number;
    @Column() parentId!: number;
    @ManyToOne(() => Branch) parent!: Relation<Branch>;
  }
  const open = await unconnected('sqljs', [Branch]);
  for (let time = 0; time < 2; time += 1)
    expect(() => policiesOf(open).of(open.getMetadata(Branch))).toThrow(
      'Branch is scoped through itself. One of its parents needs a tenant column.',
    );
});

describe('rows that all tenants see among those of each', () => {
  @Entity()
  @TenantScoped({ nullMeans: 'shared', omit: ['branch'] })
  class Template {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ type: String, nullable: true }) tenant!: string | null;
    @ManyToMany(() => Office) @JoinTable({ name: 'template_office' }) offices!: Relation<Office[]>;
    @ManyToMany(() => Template) @JoinTable({ name: 'template_template' }) templates!: Relation<Template[]>;
  }
  @Entity()
  @TenantScoped({ via: 'template' })
  class Line {
    @PrimaryGeneratedColumn() id!: number;
    @ManyToOne(() => Template, { nullable: false }) template!: Relation<Template>;
  }

  it('may be those without a tenant, and those that hang on nothing else', async () => {
    const open = await unconnected('sqljs', [Template, Line, Office, Room, Shelf, Color, Mystery]);
    const mayBeShared = (one: string | Type<object>): boolean => policiesOf(open).mayBeShared(open.getMetadata(one));
    for (const one of [Template, Line, 'template_template']) expect([one, mayBeShared(one)]).toEqual([one, true]);
    for (const one of [Office, Room, Color, Mystery, 'template_office', 'color_color'])
      expect([one, mayBeShared(one)]).toEqual([one, false]);
  });
});

describe('a table that raw SQL names', () => {
  let open: DataSource;
  beforeAll(async () => {
    open = await unconnected('postgres', [Place, OtherPlace, Currency, Planet, Account, Note]);
  });

  it('is one of an entity’s, or is not', () => {
    expect(['place', 'one.place', 'account', 'nothing'].map((name) => policiesOf(open).isMapped(name))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('has the columns of its entities, in lower case', () => {
    expect(policiesOf(open).columnNames('account')).toEqual(expect.arrayContaining(['code', 'tenant', 'currencycode']));
    expect(policiesOf(open).columnNames('planet')).toContain('code');
    expect(policiesOf(open).columnNames('nothing')).toEqual([]);
  });

  it('stands in statements with its schema', () => {
    expect(policiesOf(open).table(open.getMetadata(Place))).toBe('"one"."place"');
  });

  it('takes rows of tenants along when the columns are changed that their keys name', () => {
    const cascade = (table: string, columns?: string[]): string | undefined =>
      policiesOf(open).cascadeOfUpdate(table, columns)?.entity.name;
    expect(cascade('currency', ['code'])).toBe('Account');
    expect(cascade('currency', ['country'])).toBe('Note');
    expect(cascade('currency', ['name'])).toBeUndefined();
    expect(cascade('currency', [])).toBeUndefined();
    // Whatever it changes.
    expect(cascade('currency')).toBe('Account');
    expect(cascade('account')).toBeUndefined();
    expect(cascade('nothing')).toBeUndefined();
  });

  it('takes them along by columns in whatever capitals', async () => {
    @Entity('plate')
    @TenantShared('of the world')
    class Plate {
      @PrimaryColumn({ name: 'plateNo' }) number!: string;
    }
    @Entity()
    @TenantScoped()
    class Car {
      @PrimaryGeneratedColumn() id!: number;
      @Column() tenant!: string;
      @Column() branch!: number;
      @ManyToOne(() => Plate, { onUpdate: 'CASCADE' }) plate!: Relation<Plate>;
    }
    const policies = policiesOf(await unconnected('postgres', [Plate, Car]));
    expect(policies.cascadeOfUpdate('plate', ['plateno'])?.entity.name).toBe('Car');
    expect(policies.columnNames('plate')).toEqual(['plateno']);
  });
});
