import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
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
import { validateDataSource } from '../../../lib/orm/startup/data-source.validator.js';
import { unconnected } from '../../support/unconnected.js';

declareScope({ region: String, organizationId: Number });

@Entity()
@TenantShared('the same for everybody')
class Plan {
  @PrimaryGeneratedColumn() id!: number;
}

@Entity()
@TenantScoped({ omit: ['region'] })
class PriceList {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() region!: string;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped({ via: 'ticket' })
class Reply {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Ticket, { nullable: false }) ticket!: Ticket;
}

/** Makes an entity with both tenant columns anew, so that a proposed line can be typed above it. */
function seat(relate: (seat: Type<object>) => void, lines: readonly ClassDecorator[] = [TenantScoped()]): Type<object> {
  @Entity()
  class Seat {
    @PrimaryGeneratedColumn() id!: number;
    @Column() region!: string;
    @Column() organizationId!: number;
  }
  relate(Seat);
  for (const line of lines) line(Seat);
  return Seat;
}

type Relate = typeof OneToOne;
const to =
  (target: Type<object>, relation: Relate = OneToOne, options: object = {}) =>
  (made: Type<object>): void => {
    relation(() => target, options)(made.prototype as object, 'place');
    JoinColumn()(made.prototype as object, 'place');
  };

const DATABASES = ['postgres', 'mysql', 'sqljs'] as const;

async function problemsOf(type: (typeof DATABASES)[number], entity: Type<object>): Promise<readonly string[]> {
  const dataSource = await unconnected(type, [entity, Plan, PriceList, Ticket, Reply]);
  return validateDataSource(dataSource).problems;
}

/** The decorators that a message tells to type, each evaluated as it stands there. */
function linesIn(message: string): { unique: ClassDecorator; acknowledged: ClassDecorator } {
  const evaluate = (text: string): ClassDecorator =>
    // The line is a part of a message of this package.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    new Function('Unique', 'TenantScoped', `return ${text}`)(Unique, TenantScoped) as ClassDecorator;
  return {
    unique: evaluate(/@(Unique\(.*?\]\))/.exec(message)![1]),
    acknowledged: evaluate(/@(TenantScoped\(\{.*\}\))\.$/.exec(message)![1]),
  };
}

describe.each(DATABASES)('G-10 a one-to-one relation at the start on %s', (type) => {
  it.each([
    ['a row with the same tenant keys', Ticket, {}],
    ['a row with the same tenant keys that is required', Ticket, { nullable: false }],
    ['a row that belongs to a tenant through its parent', Reply, {}],
  ])('is taken if it is to %s', async (_, target, options) => {
    expect(await problemsOf(type, seat(to(target, OneToOne, options)))).toEqual([]);
  });

  it.each([
    ['a shared row', Plan, {}],
    ['a shared row that is required', Plan, { nullable: false }],
    ['a row with fewer tenant keys', PriceList, {}],
    ['a row with fewer tenant keys that is required', PriceList, { nullable: false }],
  ])('is refused if it is to %s, and each proposed line cures it', async (_, target, options) => {
    const problems = await problemsOf(type, seat(to(target, OneToOne, options)));
    expect(problems).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Seat has a unique key \\(place\\.id\\) without the tenant column: .* Make Seat\\.place a @ManyToOne\\(\\(\\) => ${target.name}\\), and add @Unique`,
        ),
      ),
    ]);
    const { unique, acknowledged } = linesIn(problems[0]);
    expect(await problemsOf(type, seat(to(target, ManyToOne as Relate, options), [TenantScoped(), unique]))).toEqual(
      [],
    );
    expect(await problemsOf(type, seat(to(target, OneToOne, options), [acknowledged]))).toEqual([]);
  });

  it('is refused if its key is the primary key and the other row has fewer tenant keys', async () => {
    @Entity()
    @TenantScoped()
    class Cover {
      @PrimaryColumn({ type: 'int' }) listId!: number;
      @Column() region!: string;
      @Column() organizationId!: number;
      @OneToOne(() => PriceList) @JoinColumn({ name: 'listId' }) list!: PriceList;
    }
    expect(await problemsOf(type, Cover)).toEqual([
      expect.stringMatching(
        /^Cover has a unique key \(listId\) .* a @ManyToOne\(\(\) => PriceList\), give the entity a primary key of its own, and add @Unique\(\['region', 'organizationId', 'listId'\]\)/,
      ),
    ]);
  });
});

describe('G-10 a unique key at the start', () => {
  const keyed = (line: ClassDecorator): ((made: Type<object>) => void) => {
    return (made) => {
      Column({ type: 'varchar' })(made.prototype as object, 'code');
      to(PriceList, ManyToOne as Relate)(made);
      line(made);
    };
  };

  it('is taken if a tenant column and a foreign key in it tell the scope together', async () => {
    expect(await problemsOf('sqljs', seat(keyed(Unique(['region', 'place', 'code']))))).toEqual([]);
  });

  it.each([
    ['a foreign key to a row with fewer tenant keys', Unique(['place', 'code'])],
    ['one of two tenant columns', Unique(['region', 'code'])],
    ['no tenant column', Index(['code'], { unique: true })],
  ])('is refused with %s, and each proposed line cures it', async (_, line) => {
    const problems = await problemsOf('sqljs', seat(keyed(line)));
    expect(problems).toHaveLength(1);
    const { unique, acknowledged } = linesIn(problems[0]);
    expect(await problemsOf('sqljs', seat(keyed(unique)))).toEqual([]);
    expect(await problemsOf('sqljs', seat(keyed(line), [acknowledged]))).toEqual([]);
  });

  it('of an entity that belongs through its parent is cured by the lines that its message proposes', async () => {
    const made = (scoped: ClassDecorator, unique: ClassDecorator): Type<object> => {
      @Entity()
      @scoped
      @unique
      class Step {
        @PrimaryGeneratedColumn() id!: number;
        @Column() number!: number;
        @ManyToOne(() => Ticket, { nullable: false }) ticket!: Ticket;
      }
      return Step;
    };
    const via = TenantScoped({ via: 'ticket' });
    const [problem] = await problemsOf('sqljs', made(via, Unique(['number'])));
    const { unique, acknowledged } = linesIn(problem);
    expect(await problemsOf('sqljs', made(via, unique))).toEqual([]);
    expect(await problemsOf('sqljs', made(acknowledged, Unique(['number'])))).toEqual([]);
  });
});
