import { beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScoped } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import type { DataSource, EntityTarget, ObjectLiteral, Relation } from 'typeorm';
import { WriteSnapshot } from '../../../lib/orm/writes/value-snapshot.js';
import { databasesToTest } from '../../support/databases.js';
import { DESK_ENTITIES, Invoice, Member, Proofreading, Quote, Ticket, Topic, Translation } from '../../support/desk.js';
import { unconnected } from '../../support/unconnected.js';
import '../../support/world.js';

/* What is written is copied before it is checked: of what is checked and of what is written there is one copy. */

/** Holds the key of another entity in columns of its own. */
@Entity('value_remark')
@TenantScoped()
class Remark {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: Number, nullable: true }) ticketId!: number | null;
  @Column({ type: String, nullable: true, length: 2 }) language!: string | null;
  @ManyToOne(() => Translation, { nullable: true })
  @JoinColumn([
    { name: 'ticketId', referencedColumnName: 'ticketId' },
    { name: 'language', referencedColumnName: 'language' },
  ])
  translation!: Relation<Translation> | null;
  @Column('simple-json', { nullable: true }) tags!: object | null;
}

/** Is linked to rows whose key has several columns. */
@Entity('value_shelf')
@TenantScoped()
class Shelf {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToMany(() => Translation) @JoinTable() translations!: Translation[];
}

class Origin {
  @Column({ type: Number, nullable: true }) fromId!: number | null;
  @ManyToOne(() => Ticket, { nullable: true }) from!: Relation<Ticket> | null;
}

/** Names rows in several ways. */
@Entity('value_copy')
@TenantScoped()
class Copy {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column(() => Origin) origin!: Origin;
  @ForeignKey(() => Ticket) @Column() first!: number;
  /** The relation and its column are one property. */
  @Column({ type: Number, name: 'ticket' })
  @ManyToOne(() => Ticket)
  @JoinColumn({ name: 'ticket' })
  ticket!: Relation<Ticket> | number;
  /** The database does not know of it. */
  @Column() looseId!: number;
  @ManyToOne(() => Ticket, { createForeignKeyConstraints: false }) loose!: Relation<Ticket>;
  /** The application has keys of another form. */
  @ForeignKey(() => Ticket)
  @Column({ type: Number, transformer: { to: (key: { of: number }) => key.of, from: (of: number) => ({ of }) } })
  wrapped!: { of: number };
}

/** Two kinds in one table, with a column that both have. */
@Entity('value_sign')
@TenantScoped()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Sign {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}
@ChildEntity()
class Arrow extends Sign {
  @Column('simple-json', { nullable: true, name: 'look' }) look!: object | null;
}
@ChildEntity()
class Cross extends Sign {
  @Column('simple-json', { nullable: true, name: 'look' }) look!: object | null;
}

describe('what is written is copied', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    expect(databasesToTest()).not.toEqual([]);
    dataSource = await unconnected('sqljs', [...DESK_ENTITIES, Remark, Shelf, Copy, Sign, Arrow, Cross]);
  });
  const of = (entity: EntityTarget<ObjectLiteral>): WriteSnapshot =>
    new WriteSnapshot(dataSource.getMetadata(entity), 'sqlite');
  const inserted = (entity: EntityTarget<ObjectLiteral>, values: object): ObjectLiteral => of(entity).forInsert(values);
  const updated = (entity: EntityTarget<ObjectLiteral>, values: object): ObjectLiteral => of(entity).forUpdate(values);
  /** An object that answers each question for a property with another value. */
  const counting = (property: string): object => {
    let asked = 0;
    return Object.defineProperty({}, property, { enumerable: true, get: () => (asked += 1) });
  };

  it('by an insert: the columns that are given, and nothing else', () => {
    const given = { subject: 'x', points: 0, status: '', deletedAt: null, orderNumber: undefined, unknown: 1 };
    expect(inserted(Ticket, given)).toEqual({ subject: 'x', points: 0, status: '', deletedAt: null });
    expect(Object.keys(inserted(Ticket, given))).not.toContain('orderNumber');
    expect(inserted(Invoice, { ownership: { organizationId: 1, more: 2 }, text: 'x' })).toEqual({
      ownership: { organizationId: 1 },
      text: 'x',
    });
  });

  it('with each property read once, so that what is checked is what is written', () => {
    expect(inserted(Ticket, counting('points'))).toEqual({ points: 1 });
    expect(updated(Ticket, counting('points'))).toEqual({ points: 1 });
    expect(inserted(Ticket, { assigneeId: counting('id') })).toEqual({ assigneeId: 1 });
    expect(updated(Ticket, { assigneeId: counting('id') })).toEqual({ assigneeId: 1 });
  });

  it('with related rows as their keys', () => {
    const manager = { id: 5, email: 'x' };
    for (const copy of [inserted, updated]) {
      expect(copy(Ticket, { assigneeId: manager })).toEqual({ assigneeId: 5 });
      expect(copy(Ticket, { assigneeId: null })).toEqual({ assigneeId: null });
      expect(copy(Ticket, { assigneeId: 7 })).toEqual({ assigneeId: 7 });
    }
    expect(inserted(Member, { manager })).toEqual({ manager: 5 });
    expect(updated(Member, { manager })).toEqual({ manager: { id: 5 } });
    expect(updated(Ticket, { assignee: manager })).toEqual({ assignee: { id: 5 } });
    expect(updated(Ticket, { assignee: null })).toEqual({ assignee: null });
    expect(updated(Ticket, { assignee: 5 })).toEqual({ assignee: 5 });
    expect(updated(Ticket, { assignee: {} })).toStrictEqual({ assignee: {} });
    expect(updated(Copy, { origin: { from: undefined, fromId: 5 } })).toStrictEqual({ origin: { fromId: 5 } });
    const notes = [{ id: 1 }];
    expect(updated(Ticket, { notes }).notes).toBe(notes);
  });

  it('with all parts of a key of several columns', () => {
    const translation = { ticketId: 5, language: 'en', text: 'x' };
    const key = { ticketId: 5, language: 'en' };
    expect(inserted(Proofreading, { translation })).toEqual({ translation: key });
    expect(updated(Proofreading, { translation })).toEqual({ translation: key });
    expect(updated(Proofreading, { translation: { ticketId: 5 } })).toStrictEqual({ translation: { ticketId: 5 } });
    expect(inserted(Proofreading, { translation: { ticketId: 5 } })).toEqual({ translation: { ticketId: 5 } });
    expect(inserted(Remark, { ticketId: 5, language: 'en' })).toEqual(key);
    expect(updated(Remark, { ticketId: 5, language: 'en' })).toEqual(key);
  });

  it('with the rows that a closure or a link connects', () => {
    const { closureJunctionTable } = dataSource.getMetadata(Topic);
    const closure = new WriteSnapshot(closureJunctionTable, 'sqlite');
    expect(closure.forInsert({ id_ancestor: { id: 5 }, id_descendant: { id: 6 } })).toEqual({
      id_ancestor: { id: 5 },
      id_descendant: { id: 6 },
    });
    expect(inserted('ticket_labels_label', { ticketId: 5, labelId: 6 })).toEqual({ ticketId: 5, labelId: 6 });
    const link = { valueShelfId: 5, translationTicketId: 6, translationLanguage: 'en' };
    expect(inserted('value_shelf_translations_translation', link)).toEqual(link);
  });

  it('with what embedded objects hold', () => {
    const ownership = { organizationId: 1, unknown: 2 };
    expect(updated(Invoice, { ownership, text: 'x' })).toEqual({ ownership, text: 'x' });
    expect(updated(Invoice, { ownership }).ownership).not.toBe(ownership);
    expect(updated(Invoice, { ownership: counting('organizationId') })).toEqual({ ownership: { organizationId: 1 } });
    const expression = updated(Invoice, { ownership: { organizationId: () => '1 + 1' } }) as {
      ownership: { organizationId: () => string };
    };
    expect(expression.ownership.organizationId()).toBe('1 + 1');
  });

  it('unknown properties of an update and inherited ones too, which TypeORM refuses or writes', () => {
    const given = Object.assign(Object.create({ points: 1 }) as object, { unknown: { a: 1 }, status: 'x' });
    expect(updated(Ticket, given)).toEqual({ points: 1, unknown: { a: 1 }, status: 'x' });
  });

  it('leaving alone what is no key: objects that are values', () => {
    const tags = { id: 5, nested: [1] };
    for (const copy of [inserted, updated]) {
      expect(copy(Remark, { tags }).tags).toBe(tags);
      const deletedAt = new Date(0);
      expect(copy(Ticket, { deletedAt }).deletedAt).toBe(deletedAt);
    }
  });

  it('a key that is a date or bytes as a copy of its own', () => {
    for (const [entity, property] of [
      [Ticket, 'assigneeId'],
      [Quote, 'ticketId'],
    ] as const) {
      for (const copy of [inserted, updated]) {
        const date = new Date(5);
        const bytes = new Uint8Array([1, 2]);
        const copies = [date, bytes].map((value) => copy(entity, { [property]: value })[property] as unknown);
        expect(copies).toEqual([date, Buffer.from([1, 2])]);
        expect(copies[0]).not.toBe(date);
        bytes[0] = 9;
        expect(copies[1]).toEqual(Buffer.from([1, 2]));
        const [inner, held] = [{ id: date }, { id: Buffer.from([3]) }];
        if (entity === Ticket) expect(copy(entity, { [property]: inner })).toEqual({ [property]: date });
        if (entity === Ticket) expect(copy(entity, { [property]: held })).toEqual({ [property]: Buffer.from([3]) });
      }
    }
  });

  it('a key wherever and however it is declared', () => {
    const refused = (property: string, value: object): void =>
      expect(() => updated(Copy, value)).toThrow(`Copy.${property} is set to an object without a key`);
    refused('first', { first: {} });
    refused('looseId', { looseId: {} });
    refused('origin.fromId', { origin: { fromId: {} } });
    expect(updated(Copy, { ticket: { id: 5, subject: 'x' } })).toEqual({ ticket: { id: 5 } });
    for (const copy of [inserted, updated]) expect(copy(Copy, { wrapped: { of: 5 } })).toEqual({ wrapped: { of: 5 } });
  });

  it('a column that several kinds of a table have', () => {
    expect(inserted(Sign, { look: null })).toEqual({ look: null });
    const look = { colour: 'red' };
    expect(inserted(Sign, { look })).toEqual({ look });
    expect(look).toEqual({ colour: 'red' });
  });

  it('never with an object as a key that is no row: it may be one thing first and another one then', () => {
    const noRows = [{}, [5], new Map([['id', 5]]), { toString: () => '5' }];
    const rowsOfNoKey = [{ id: { of: 5 } }, { id: [5] }];
    const problem = 'is set to an object without a key';
    for (const value of [...noRows, ...rowsOfNoKey]) {
      expect(() => updated(Ticket, { assigneeId: value })).toThrow(`Ticket.assigneeId ${problem}`);
      for (const copy of [inserted, updated])
        expect(() => copy(Quote, { ticketId: value })).toThrow(`Quote.ticketId ${problem}`);
    }
    for (const value of rowsOfNoKey)
      expect(() => inserted(Ticket, { assigneeId: value })).toThrow(`Ticket.assigneeId ${problem}`);
    // TypeORM takes these for rows that are not stored yet.
    for (const value of noRows) expect(inserted(Ticket, { assigneeId: value })).toEqual({});
  });

  it('with SQL expressions evaluated once, and refused where they hold more than one', () => {
    for (const copy of [inserted, updated]) {
      let asked = 0;
      const points = (copy(Ticket, { points: () => `${(asked += 1)} + 1` }) as { points: () => string }).points;
      expect([points(), points(), asked]).toEqual(['1 + 1', '1 + 1', 1]);
      for (const text of ['1, 2', '1)', '1 --', "1 WHERE '", '1 FROM note'])
        expect(() => copy(Ticket, { points: () => text })).toThrow('Statement refused');
    }
  });
});
