import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  Entity,
  ForeignKey,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
} from 'typeorm';
import type { ColumnOptions } from 'typeorm';
import { validateDataSource } from '../../../../lib/orm/startup/data-source.validator.js';
import { isUnique } from '../../../../lib/orm/policy/unique-keys.js';
import { unconnected } from '../../../support/unconnected.js';

/* Foreign keys whose rows a write does not name, and parents that are not one row: no application starts with them. */

declareScope({ organizationId: Number });

type Database = 'sqljs' | 'postgres' | 'mysql' | 'mariadb';
const problemsOf = async (entities: Type[], database: Database = 'sqljs'): Promise<readonly string[]> =>
  validateDataSource(await unconnected(database, entities)).problems;
const LOOSE = { createForeignKeyConstraints: false } as const;

@Entity()
@TenantScoped()
class Room {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class Seat {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity()
@TenantShared('the same for all')
class Color {
  @PrimaryGeneratedColumn() id!: number;
}

describe('a key that a write does not say', () => {
  it('is not one that the database computes', async () => {
    @Entity()
    @TenantScoped()
    class Cell {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @ForeignKey(() => Room) @Column({ asExpression: 'id + 1' }) roomId!: number;
      @ForeignKey(() => Color) @Column({ asExpression: 'id + 1' }) colorId!: number;
    }
    expect(await problemsOf([Room, Color, Cell])).toEqual([
      'Cell.roomId references Room, but is a generated column. Make it an ordinary column.',
    ]);
  });

  it('is not an auto-increment key', async () => {
    @Entity()
    @TenantScoped()
    class Plan {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @OneToOne(() => Room) @JoinColumn({ name: 'id' }) room!: Relation<Room>;
    }
    expect(await problemsOf([Room, Plan])).toEqual([
      'Plan.id references Room, but is an auto-increment column. Make it an ordinary column.',
    ]);
    @Entity()
    @TenantScoped()
    class Drawing {
      @PrimaryGeneratedColumn('uuid') id!: string;
      @Column() organizationId!: number;
    }
    @Entity()
    @TenantScoped()
    class Sheet {
      @PrimaryGeneratedColumn('uuid') id!: string;
      @Column() organizationId!: number;
      @OneToOne(() => Drawing) @JoinColumn({ name: 'id' }) drawing!: Relation<Drawing>;
    }
    expect(await problemsOf([Drawing, Sheet])).toEqual([]);
  });

  it('does not fall back to a default', async () => {
    for (const rule of [{ onDelete: 'SET DEFAULT' }, { onUpdate: 'SET DEFAULT' }] as const) {
      @Entity()
      @TenantScoped()
      class Concert {
        @PrimaryGeneratedColumn() id!: number;
        @Column() organizationId!: number;
        @Column({ default: 1 }) roomId!: number;
        @ManyToOne(() => Room, rule as never) room!: Relation<Room>;
        @ManyToOne(() => Color, rule as never) color!: Relation<Color>;
        @ManyToOne(() => Seat) seat!: Relation<Seat>;
      }
      expect(await problemsOf([Room, Color, Seat, Concert])).toEqual([
        "Concert.roomId has onDelete or onUpdate 'SET DEFAULT', and the default may reference another tenant's row. Use 'SET NULL', 'CASCADE' or 'RESTRICT'.",
      ]);
    }
  });
});

describe('a key that the database changes when it stores it', () => {
  const check = (own: ColumnOptions, referenced: ColumnOptions, database: Database): Promise<readonly string[]> => {
    @Entity()
    @TenantScoped()
    class Mark {
      @PrimaryColumn(referenced as never) key!: string;
      @Column() organizationId!: number;
    }
    @Entity()
    @TenantScoped()
    class Marking {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @ForeignKey(() => Mark) @Column(own) markKey!: string;
    }
    return problemsOf([Mark, Marking], database);
  };
  const fits = async (own: ColumnOptions, referenced: ColumnOptions, database: Database): Promise<boolean> => {
    const problems = await check(own, referenced, database);
    if (problems.length > 0) expect(problems).toEqual([expect.stringContaining('is narrower than')]);
    return problems.length === 0;
  };
  const text = (length?: number): ColumnOptions => ({ type: 'varchar', ...(length !== undefined && { length }) });
  const decimal = (precision: number, scale?: number): ColumnOptions => ({
    type: 'decimal',
    precision,
    ...(scale !== undefined && { scale }),
  });

  it('is no text that is cut, where texts are cut', async () => {
    for (const database of ['postgres', 'mysql', 'mariadb'] as const) {
      expect(await fits(text(3), text(20), database)).toBe(false);
      expect(await fits(text(20), text(), database)).toBe(false);
      expect(await fits(text(20), text(20), database)).toBe(true);
      expect(await fits(text(), text(20), database)).toBe(true);
      expect(await fits(text(), text(), database)).toBe(true);
    }
    expect(await fits(text(3), text(20), 'sqljs')).toBe(true);
  });

  it.each([
    [text(10), text(20), 'character varying(10)', 'character varying(20)'],
    [decimal(8), decimal(8, 2), 'numeric(8)', 'numeric(8,2)'],
    [{ type: 'int' }, decimal(8, 2), 'integer', 'numeric(8,2)'],
  ] as const)('is named with both types: %j, %j', async (own, referenced, type, wanted) => {
    expect(await check(own, referenced, 'postgres')).toEqual([
      `Marking.markKey (${type}) is narrower than the column it references, Mark.key (${wanted}). Use the same type.`,
    ]);
  });

  it('is no decimal that is rounded', async () => {
    for (const database of ['postgres', 'mysql', 'sqljs'] as const) {
      expect(await fits(decimal(8, 0), decimal(8, 2), database)).toBe(false);
      expect(await fits(decimal(8), decimal(8, 2), database)).toBe(false);
      expect(await fits({ type: 'int' }, decimal(8, 2), database)).toBe(false);
      expect(await fits(decimal(8, 2), decimal(8, 2), database)).toBe(true);
      expect(await fits(decimal(8, 2), decimal(8), database)).toBe(true);
      expect(await fits({ type: 'int' }, decimal(8), database)).toBe(true);
    }
    expect(await fits(decimal(8, 0), { type: 'int' }, 'postgres')).toBe(true);
    expect(await fits(text(20), decimal(8, 2), 'sqljs')).toBe(true);
  });

  it('is no number of a text', async () => {
    expect(await fits({ type: 'int' }, text(20), 'sqljs')).toBe(false);
    expect(await fits({ type: 'double' }, text(20), 'sqljs')).toBe(false);
    expect(await fits({ type: 'blob' }, text(20), 'sqljs')).toBe(true);
    expect(await fits(text(20), { type: 'int' }, 'sqljs')).toBe(true);
    expect(await fits(text(20), { type: 'int' }, 'postgres')).toBe(true);
    expect(await fits({ type: 'int' }, { type: 'bigint' }, 'postgres')).toBe(true);
  });
});

describe('a parent', () => {
  @Entity()
  @TenantScoped()
  @Unique(['organizationId', 'code'])
  class Order {
    @PrimaryGeneratedColumn() id!: number;
    @Column() organizationId!: number;
    @Column() code!: string;
    @ManyToMany(() => Order, LOOSE)
    @JoinTable({
      name: 'order_like',
      joinColumn: { name: 'one', referencedColumnName: 'code' },
      inverseJoinColumn: { name: 'other', referencedColumnName: 'id' },
    })
    alike!: Order[];
  }

  const BY_CODE =
    'references Order by code, which is not unique: rows of several tenants may have the same value. ' +
    'Reference its primary key, or all columns of a unique key.';

  it('of links is one row', async () => {
    expect(await problemsOf([Order])).toEqual([`order_like ${BY_CODE}`]);
  });

  it('is one row, by its primary key or a unique one', async () => {
    @Entity()
    @TenantScoped()
    @Unique(['organizationId', 'code'])
    @Index(['organizationId', 'text'], { unique: true, where: 'code IS NOT NULL' })
    @Index(['organizationId', 'title'], { unique: true })
    @Index(['organizationId', 'note'])
    class Parent {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() code!: string;
      @Column() text!: string;
      @Column() title!: string;
      @Column() note!: string;
    }
    const child = (property: string, ...names: string[]): Type => {
      @Entity(`child_${property}`)
      @TenantScoped({ via: 'parent' })
      class Child {
        @PrimaryGeneratedColumn() id!: number;
        @Column() organizationId!: number;
        @ManyToOne(() => Parent, { ...LOOSE, nullable: false })
        @JoinColumn(names.map((name) => ({ name: `p_${name}`, referencedColumnName: name })))
        parent!: Relation<Parent>;
      }
      return Child;
    };
    expect(await problemsOf([Parent, child('a', 'id')])).toEqual([]);
    expect(await problemsOf([Parent, child('b', 'organizationId', 'code')])).toEqual([]);
    expect(await problemsOf([Parent, child('c', 'code')])).toEqual([`Child ${BY_CODE.replace('Order', 'Parent')}`]);
    expect(await problemsOf([Parent, child('e', 'organizationId', 'title')])).toEqual([]);
    expect(await problemsOf([Parent, child('f', 'organizationId', 'note')])).toHaveLength(1);
    expect(isUnique({ primaryColumns: [], uniques: [], indices: [] } as never, [])).toBe(false);
    // Such a key has rows alike that are no part of it.
    const [problem] = await problemsOf([Parent, child('d', 'organizationId', 'text')]);
    expect(problem).toMatch(/^Child references Parent by organizationId, text, which is not unique/);
  });
});
