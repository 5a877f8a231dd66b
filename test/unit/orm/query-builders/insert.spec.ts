import { beforeEach, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
  TypeORMError,
  Unique,
} from 'typeorm';
import type { DataSource, InsertQueryBuilder, ObjectLiteral, Relation } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { buildStatement } from '../../../../lib/orm/writes/statement-context.js';
import type { BuildContext } from '../../../../lib/orm/writes/statement-context.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ organizationId: Number });
const tenancy = new Tenancy();
const asAcme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
const unscoped = <R>(fn: () => R): R => tenancy.unscoped('imports', fn);

/** Each time it is asked, another key comes out. */
let asked = 0;
const transformer = { to: (value: unknown) => value && Number(value) + 100 * ++asked, from: Number };

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity({ schema: 'Post', name: 'Parcels' })
@TenantScoped()
@Unique(['organizationId', 'code'])
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ nullable: true }) code!: string;
  @ForeignKey(() => Ticket) @Column({ transformer, nullable: true }) ticketId!: number;
  @Column({ transformer, nullable: true }) orderId!: number;
  @ManyToOne(() => Ticket) order!: Relation<Ticket>;
  @Column({ transformer, nullable: true }) weight!: number;
}

@Entity()
@TenantScoped()
class Reply {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Ticket) @Column() ticketId!: number;
}

@Entity()
@TenantScoped()
class Code {
  @PrimaryColumn() text!: string;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class Item {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Code) @Column({ default: "it''s" }) code!: string;
  @ForeignKey(() => Ticket) @Column({ default: 7, insert: false }) ticketId!: number;
}

@Entity()
@TenantScoped()
class Riddle {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Code) @Column({ default: 'a\\b' }) code!: string;
}

/** Each kind of them is described in a row. */
@Entity()
@TenantScoped()
@TableInheritance({ column: { name: 'kind', type: 'varchar' } })
class Animal {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Code) @Column() kind!: string;
}
@ChildEntity('dog')
class Dog extends Animal {}

@Entity()
@TenantShared('the same for all')
@TableInheritance({ column: { name: 'kind', type: 'varchar' } })
class Medium {
  @PrimaryColumn() id!: number;
}
@ChildEntity()
class Book extends Medium {
  @Column({ type: Number, nullable: true }) followsId!: number | null;
  @ManyToOne(() => Book) follows!: Relation<Book>;
}
@ChildEntity()
class Song extends Medium {}

@Entity()
@TenantScoped()
class Loan {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: Number, nullable: true }) bookId!: number | null;
  @ManyToOne(() => Book) book!: Relation<Book>;
  @Column({ type: Number, nullable: true }) songId!: number | null;
  @ManyToOne(() => Song) song!: Relation<Song>;
  @Column({ type: Number, nullable: true }) anyId!: number | null;
  @ManyToOne(() => Medium) any!: Relation<Medium>;
}

/** Not declared. */
@Entity()
@TableInheritance({ column: { name: 'kind', type: 'varchar' } })
class Hint {
  @PrimaryColumn() id!: number;
}
@ChildEntity()
class Tip extends Hint {}

/** Fails once, and knows the key then. */
let isReady = true;
const forgetful = {
  to: (value: unknown) => {
    if (isReady) return value;
    isReady = true;
    throw new RangeError('the key is not ready');
  },
  from: Number,
};

@Entity()
@TenantScoped()
class Walk {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: Number, nullable: true }) dogId!: number | null;
  @ManyToOne(() => Dog) dog!: Relation<Dog>;
  @Column({ type: Number, nullable: true }) tipId!: number | null;
  @ManyToOne(() => Tip) tip!: Relation<Tip>;
  @Column({ type: Number, nullable: true, transformer: forgetful }) songId!: number | null;
  @ManyToOne(() => Song) song!: Relation<Song>;
}

@Entity()
@TenantScoped()
class Shelf {
  @PrimaryColumn() room!: number;
  @PrimaryColumn() number!: number;
  @Column() organizationId!: number;
}

/** The columns of its parent’s key are a part of other keys too. */
@Entity()
@TenantScoped({ via: 'shelf' })
class Slip {
  @PrimaryColumn() id!: number;
  @ForeignKey(() => Ticket) @Column() room!: number;
  @Column() number!: number;
  @Column() next!: number;
  @ManyToOne(() => Shelf, { nullable: false })
  @JoinColumn([
    { name: 'room', referencedColumnName: 'room' },
    { name: 'number', referencedColumnName: 'number' },
  ])
  shelf!: Relation<Shelf>;
  @ManyToOne(() => Shelf, { nullable: false })
  @JoinColumn([
    { name: 'number', referencedColumnName: 'room' },
    { name: 'next', referencedColumnName: 'number' },
  ])
  other!: Relation<Shelf>;
}

/** Tenants have auto-increment keys. */
@Entity()
@TenantScoped({ columns: { organizationId: 'id' } })
class Organization {
  @PrimaryGeneratedColumn() id!: number;
  @Column() name!: string;
}

/** Tenants are told by others. */
@Entity()
@TenantScoped()
class Seat {
  @PrimaryColumn() id!: number;
  @Column({ insert: false }) organizationId!: number;
}

describe('an insert', () => {
  let dataSource: DataSource;
  beforeEach(async () => {
    dataSource = await unconnected('postgres', [
      Ticket,
      Parcel,
      Organization,
      Seat,
      Code,
      Item,
      Riddle,
      Animal,
      Dog,
      Medium,
      Book,
      Song,
      Loan,
      Hint,
      Tip,
      Walk,
      Shelf,
      Slip,
    ]);
  });
  const into = (target: (new () => object) | string, values: object): InsertQueryBuilder<ObjectLiteral> =>
    dataSource.createQueryBuilder().insert().into(target).values(values);
  const rendered = (builder: InsertQueryBuilder<ObjectLiteral>): BuildContext =>
    buildStatement((rendering) => {
      builder.getQuery();
      return rendering;
    });

  it('is known by its table, in lower case and without its schema, unless no entity has that table', () => {
    const { inserts } = asAcme(() => rendered(into(Parcel, { code: 'x' })));
    expect(inserts).toMatchObject([{ table: 'parcels' }]);
    expect(inserts[0].text).toMatch(/^INSERT INTO "Post"\."Parcels"\(/);
    expect(asAcme(() => rendered(into('typeorm_metadata', { type: 'x' })))).toEqual({
      inserts: [],
      writes: [],
      lookups: [],
      unscoped: [],
    });
  });

  it('writes the keys that it looks up, whatever a transformer makes of them the next time', () => {
    const builder = into(Parcel, [{ ticketId: 3 }, { ticketId: 4, orderId: 5 }, { order: { id: 6 } }]);
    const { lookups } = asAcme(() => rendered(builder));
    const written = Object.entries(builder.getParameters()).filter(([name]) => name.startsWith('orm_'));
    const keys = written.map(([, value]) => value).filter((value) => value !== null);
    expect(keys).toHaveLength(4);
    expect(lookups.flatMap(({ values }) => values.flat()).sort()).toEqual(keys.sort());
  });

  it('writes SQL into a column that is no key, and has a transformer', () => {
    const text = asAcme(() => into(Parcel, { weight: () => '1 + 1' }).getQuery());
    expect(text).toContain('1 + 1');
    expect(() => asAcme(() => into(Parcel, { ticketId: () => '1 + 1' }).getQuery())).toThrow('by an SQL expression');
  });

  it('into no entity is refused by TypeORM, which says what is missing', () => {
    expect(() => dataSource.createQueryBuilder().insert().values({ code: 'x' }).getQuery()).toThrow(TypeORMError);
  });

  it('keeps what it was given', () => {
    const values = { code: 'x', ticketId: 3 };
    const builder = into(Parcel, values);
    asAcme(() => builder.getQuery());
    expect(builder.expressionMap.valuesSet).toBe(values);
    expect(values).toEqual({ code: 'x', ticketId: 3 });
  });

  it('writes a tenant that TypeORM would leave out: the current one, and in an unscoped section the one that is named', () => {
    expect(asAcme(() => into(Seat, { id: 5 }).getQuery())).toMatch(
      /\("id", "organizationId"\) VALUES \(:\w+, :muck\w+\)/,
    );
    expect(unscoped(() => into(Seat, { id: 5, organizationId: 2 }).getQuery())).toContain('("id", "organizationId")');
    expect(unscoped(() => into(Organization, { name: 'x' }).getQuery())).toContain('("name")');
    expect(unscoped(() => into(Organization, [{ name: 'x' }, { id: 7, name: 'y' }]).getQuery())).toContain(
      '("name", "id")',
    );
  });

  it('that may be ignored gives each required key on MySQL, where the database would make one of nothing', async () => {
    const mysql = await unconnected('mysql', [Ticket, Reply]);
    const reply = (values: object): InsertQueryBuilder<ObjectLiteral> =>
      mysql.createQueryBuilder().insert().into(Reply).values(values);
    expect(asAcme(() => reply({}).getQuery())).toContain('INSERT INTO');
    expect(asAcme(() => reply({ ticketId: 3 }).orIgnore().getQuery())).toContain(' IGNORE INTO ');
    expect(() => asAcme(() => reply({}).orIgnore().getQuery())).toThrow('does not set ticketId');
    expect(() =>
      asAcme(() =>
        reply([{ ticketId: 3 }, {}] as never)
          .orIgnore()
          .getQuery(),
      ),
    ).toThrow('does not set ticketId');
  });

  it('names rows by what the database fills in: defaults, and the word for the kind of a row', () => {
    const named = (entity: new () => object): unknown[] =>
      asAcme(() => rendered(into(entity, { id: 5 }))).lookups.map(({ key, values }) => [
        key.property,
        ...values.flat(),
      ]);
    expect(named(Item)).toEqual([
      ['code', "it's"],
      ['ticketId', 7],
    ]);
    expect(named(Dog)).toEqual([['kind', 'dog']]);
    expect(() => named(Riddle)).toThrow('code would get its database default');
  });

  it('names shared rows of one kind, as far as that can be told without the database', () => {
    /** A relation and its constraint are a key each. */
    const lookups = (values: object): Set<string> =>
      new Set(
        rendered(into(Loan, values)).lookups.map(
          ({ entity, key, values: rows, owned }) => `${entity.name}.${key.property} ${rows.flat().join(' ')} ${owned}`,
        ),
      );
    const named = (values: object): string[] => asAcme(() => [...lookups(values)]);
    expect(named({ bookId: 3, songId: 4, anyId: 6 })).toEqual(['Loan.bookId 3 false', 'Loan.songId 4 false']);
    expect(named([{ bookId: 3 }, { bookId: 3 }, { bookId: 7 }, { bookId: () => '1 + 1' }])).toEqual([
      'Loan.bookId 3 7 false',
    ]);
    expect(named({ bookId: null, songId: () => '1 + 1' })).toEqual([]);
    expect(unscoped(() => lookups({ organizationId: 2, bookId: 3 }))).toEqual(new Set());
  });

  it('names a shared row of one kind that is not among those that it inserts', () => {
    const named = (values: object[]): unknown[] =>
      asAcme(() => rendered(into(Book, values))).lookups.flatMap(({ values: rows }) => rows.flat());
    expect(named([{ id: 1 }, { id: 2, followsId: 1 }])).toEqual([]);
    expect(new Set(named([{ id: 1 }, { id: 2, followsId: 3 }]))).toEqual(new Set([3]));
  });

  it('names a row of one kind once where the rows of that kind are the tenant’s', () => {
    const { lookups } = asAcme(() => rendered(into(Walk, { dogId: 3 })));
    expect(lookups.map(({ key, values }) => [key.property, values])).toEqual([['dogId', [[3]]]]);
  });

  it('names no rows of an entity that is not declared, and may be left so', () => {
    requireEnforcement(dataSource).policies.allowUndeclared();
    expect(asAcme(() => rendered(into(Walk, { tipId: 3 }))).lookups).toEqual([]);
  });

  it('fails where a key cannot be made, whatever a transformer makes of it the next time', () => {
    isReady = false;
    expect(() => asAcme(() => rendered(into(Walk, { songId: 3 })))).toThrow('the key is not ready');
    expect(isReady).toBe(true);
    expect(asAcme(() => rendered(into(Walk, { songId: 3 }))).inserts).toHaveLength(1);
  });

  it('of a row that belongs to its parent asks for an own row there, and nowhere else', () => {
    const { lookups } = asAcme(() => rendered(into(Slip, { id: 5, room: 1, number: 2, next: 3 })));
    const owned = lookups.map(({ key, values, owned }) => `${key.target.name} ${values.flat().join(' ')} ${owned}`);
    expect(owned.sort()).toEqual(['Shelf 1 2 true', 'Shelf 2 3 false', 'Ticket 1 false']);
  });
});
