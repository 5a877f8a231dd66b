import { describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { checkUniqueKeys } from '../../../../lib/orm/startup/unique-key.validator.js';
import type { TenantScopedOptions } from 'nestjs-muck';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ tenant: String, branch: Number });

type Type = new () => object;

@Entity()
@TenantScoped()
class Office {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
}
@Entity()
@TenantShared('a test')
class Color {
  @PrimaryGeneratedColumn() id!: number;
}
/** Rows of the world, or of a branch. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Style {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: String, nullable: true }) tenant!: string | null;
  @Column({ type: Number, nullable: true }) branch!: number | null;
}
class Base {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
  @Column() code!: string;
}

async function problemsOf(entity: Type, ...others: Type[]): Promise<string[]> {
  const dataSource = await unconnected('postgres', [Office, Color, Style, entity, ...others]);
  return checkUniqueKeys(dataSource.getMetadata(entity), requireEnforcement(dataSource).policies);
}
const told = (entity: string, key: string, cure: string, declaration: string): string =>
  `${entity} has a unique key (${key}) without the tenant column: a conflict would tell a tenant which values other tenants have. ` +
  `${cure}, or acknowledge it: @TenantScoped(${declaration}).`;

/** An entity with unique keys. */
function ticket(decorators: readonly ClassDecorator[], options?: TenantScopedOptions): Type {
  @Entity()
  @TenantScoped(options)
  class Ticket extends Base {
    @Column() number!: number;
    @ManyToOne(() => Office) office!: Relation<Office>;
    @ManyToOne(() => Style) style!: Relation<Style>;
  }
  for (const decorator of decorators) decorator(Ticket);
  return Ticket;
}

describe('a unique key', () => {
  it.each<[string, ClassDecorator[]]>([
    ['with all tenant columns', [Unique(['tenant', 'branch', 'code'])]],
    ['as an index with all tenant columns', [Index(['code', 'branch', 'tenant'], { unique: true })]],
    ['with a row that only one tenant sees', [Unique(['office', 'code'])]],
    ['as what cures one by a row says', [Unique(['branch', 'style.id', 'tenant'])]],
    ['that is none', [Index(['code'])]],
  ])('%s keeps tenants apart', async (_what, decorators) => {
    expect(await problemsOf(ticket(decorators))).toEqual([]);
  });

  it.each<[string, ClassDecorator[], string, string]>([
    ['without a tenant column', [Unique(['code'])], 'code', `@Unique(['tenant', 'branch', 'code'])`],
    ['with one of two', [Unique(['branch', 'code'])], 'branch,code', `@Unique(['tenant', 'branch', 'code'])`],
    ['as an index', [Index(['code'], { unique: true })], 'code', `@Unique(['tenant', 'branch', 'code'])`],
    [
      'with a row of which there may be many',
      [Unique(['style'])],
      'style.id',
      `@Unique(['tenant', 'branch', 'style.id'])`,
    ],
    [
      'as an index over some rows',
      [Index(['code', 'number'], { unique: true, where: 'number > 0' })],
      'code,number',
      `@Index(['tenant', 'branch', 'code', 'number'], { unique: true, where: … })`,
    ],
    [
      'with a row that several tenants see',
      [Unique(['style', 'tenant'])],
      'style.id,tenant',
      `@Unique(['branch', 'style.id', 'tenant'])`,
    ],
  ])('%s is told with what cures it', async (_what, decorators, key, line) => {
    const name = /[,.]/.test(key) ? `'${key}'` : key;
    expect(await problemsOf(ticket(decorators))).toEqual([
      told('Ticket', key, `Make it ${line}`, `{ globallyUnique: { ${name}: 'why' } }`),
    ]);
  });

  it('that is acknowledged is not told, others are, with the whole declaration', async () => {
    const keys = [Unique(['code']), Unique(['number'])];
    expect(await problemsOf(ticket(keys, { globallyUnique: { code: 'a', number: 'b' } }))).toEqual([]);
    const options = { columns: { branch: 'branch' }, globallyUnique: { code: "it's \\ so" } };
    expect(await problemsOf(ticket(keys, options))).toEqual([
      told(
        'Ticket',
        'number',
        "Make it @Unique(['tenant', 'branch', 'number'])",
        "{ columns: { branch: 'branch' }, globallyUnique: { code: 'it\\'s \\\\ so', number: 'why' } }",
      ),
    ]);
  });

  it('of shared rows alone is none that a tenant meets', async () => {
    @Entity()
    @TenantScoped({ nullMeans: 'shared' })
    @Index(['code'], { unique: true, where: 'tenant IS NULL' })
    class Kind {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ type: String, nullable: true }) tenant!: string | null;
      @Column() branch!: number;
      @Column() code!: string;
    }
    expect(await problemsOf(Kind)).toEqual([]);
  });

  it('of rows that belong to others is theirs, and names the relation in what cures it', async () => {
    @Entity()
    @TenantScoped({ via: 'office' })
    @Unique(['office', 'code'])
    @Unique(['number'])
    class Room {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Office, { nullable: false }) office!: Relation<Office>;
      @Column() code!: string;
      @Column() number!: number;
    }
    expect(await problemsOf(Room)).toEqual([
      told(
        'Room',
        'number',
        "Make it @Unique(['office.id', 'number'])",
        "{ via: 'office', globallyUnique: { number: 'why' } }",
      ),
    ]);
  });

  it('of rows that belong to perhaps shared ones is theirs', async () => {
    @Entity()
    @TenantScoped({ via: 'style' })
    @Unique(['style', 'code'])
    class Line {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Style, { nullable: false }) style!: Relation<Style>;
      @Column() code!: string;
    }
    expect(await problemsOf(Line)).toEqual([]);
  });
});

describe('a unique key with a part of a reference', () => {
  it('is told: rows of several tenants may have that part alike', async () => {
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
    @Unique(['house', 'number'])
    @Unique(['house', 'side', 'code'])
    class Picture {
      @PrimaryGeneratedColumn() id!: number;
      @Column() house!: number;
      @Column() side!: string;
      @Column() number!: number;
      @Column() code!: string;
      @ManyToOne(() => Wall, { nullable: false })
      @JoinColumn([
        { name: 'house', referencedColumnName: 'house' },
        { name: 'side', referencedColumnName: 'side' },
      ])
      wall!: Relation<Wall>;
    }
    expect(await problemsOf(Picture, Wall)).toEqual([
      told(
        'Picture',
        'house,number',
        "Make it @Unique(['side', 'house', 'number'])",
        "{ via: 'wall', globallyUnique: { 'house,number': 'why' } }",
      ),
    ]);
  });
});

describe('a place at a row, of which there is one', () => {
  it('at a row of one tenant keeps tenants apart', async () => {
    @Entity()
    @TenantScoped()
    class Desk extends Base {
      @OneToOne(() => Office) @JoinColumn() office!: Relation<Office>;
    }
    expect(await problemsOf(Desk)).toEqual([]);
  });

  it('at a shared row becomes one of many', async () => {
    @Entity()
    @TenantScoped({ omit: ['branch'] })
    class Paint extends Base {
      @OneToOne(() => Color) @JoinColumn() color!: Relation<Color>;
    }
    expect(await problemsOf(Paint)).toEqual([
      told(
        'Paint',
        'color.id',
        "Make Paint.color a @ManyToOne(() => Color), and add @Unique(['tenant', 'color.id'])",
        "{ omit: ['branch'], globallyUnique: { 'color.id': 'why' } }",
      ),
    ]);
  });

  it('names the other side, and a key of its own', async () => {
    @Entity()
    @TenantShared('a test')
    class Country {
      @PrimaryColumn() id!: number;
      @OneToOne(() => Flag, (flag) => flag.country) flag!: Relation<Flag>;
    }
    @Entity()
    @TenantScoped({ omit: ['branch'] })
    class Flag {
      @PrimaryColumn() countryId!: number;
      @OneToOne(() => Country, (country) => country.flag) @JoinColumn() country!: Relation<Country>;
      @Column() tenant!: string;
    }
    expect(await problemsOf(Flag, Country)).toEqual([
      told(
        'Flag',
        'countryId',
        "Make Flag.country a @ManyToOne(() => Country), Country.flag a @OneToMany(), give the entity a primary key of its own, and add @Unique(['tenant', 'countryId'])",
        "{ omit: ['branch'], globallyUnique: { countryId: 'why' } }",
      ),
    ]);
  });

  it('is another key than one of more columns', async () => {
    @Entity()
    @TenantScoped({ globallyUnique: { 'color.id': 'a test' } })
    @Unique(['color', 'code'])
    class Paint extends Base {
      @OneToOne(() => Office) @JoinColumn() office!: Relation<Office>;
      @OneToOne(() => Color) @JoinColumn() color!: Relation<Color>;
    }
    expect(await problemsOf(Paint)).toEqual([
      told(
        'Paint',
        'color.id,code',
        "Make it @Unique(['tenant', 'branch', 'color.id', 'code'])",
        "{ globallyUnique: { 'color.id': 'a test', 'color.id,code': 'why' } }",
      ),
    ]);
  });
});
