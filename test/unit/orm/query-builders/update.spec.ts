import { beforeEach, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped, TenantScopeViolationError, TenantShared } from 'nestjs-muck';
import {
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
} from 'typeorm';
import type { DataSource, JoinColumnOptions, ObjectLiteral, Relation, UpdateQueryBuilder } from 'typeorm';
import { buildStatement } from '../../../../lib/orm/writes/statement-context.js';
import type { BuildContext } from '../../../../lib/orm/writes/statement-context.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ organizationId: Number });
const tenancy = new Tenancy();
const asAcme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
const unscoped = <R>(fn: () => R): R => tenancy.unscoped('moves rows', fn);

/** The columns of a reference to an album, whose key holds the tenant. */
const albumKey = (tenant: string, number: string): JoinColumnOptions[] => [
  { name: tenant, referencedColumnName: 'organizationId' },
  { name: number, referencedColumnName: 'number' },
];

@Entity()
@TenantScoped()
class Album {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() number!: number;
}

@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Photo {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() title!: string;
  @Column({ type: Number, nullable: true }) albumNumber!: number | null;
  @ManyToOne(() => Album)
  @JoinColumn(albumKey('organizationId', 'albumNumber'))
  album!: Relation<Album> | null;
}

/** Its tenant is a part of its reference, and no property of its own. */
@Entity()
@TenantScoped({ columns: { organizationId: 'album.organizationId' }, nullMeans: 'shared' })
class Page {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @ManyToOne(() => Album)
  @JoinColumn(albumKey('organizationId', 'albumNumber'))
  album!: Relation<Album> | null;
}

class Place {
  @Column() room!: string;
  @ManyToOne(() => Album, { lazy: true })
  @JoinColumn(albumKey('albumTenant', 'albumNumber'))
  album!: Promise<Relation<Album> | null>;
}

/** Its references are lazy. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Poster {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column({ type: Number, nullable: true }) albumNumber!: number | null;
  @ManyToOne(() => Album, { lazy: true })
  @JoinColumn(albumKey('organizationId', 'albumNumber'))
  album!: Promise<Relation<Album> | null>;
  @Column({ type: Number, nullable: true }) ticketId!: number | null;
  @ManyToOne(() => Ticket, { lazy: true }) ticket!: Promise<Relation<Ticket> | null>;
  @Column(() => Place) place!: Place;
}

@Entity()
@TenantScoped()
class Leaf {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Album)
  @JoinColumn(albumKey('organizationId', 'albumNumber'))
  album!: Relation<Album> | null;
}

/** Not declared. */
@Entity()
class Frame {
  @PrimaryColumn() id!: number;
  @ManyToOne(() => Leaf, { onUpdate: 'CASCADE' })
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'leafId', referencedColumnName: 'id' },
  ])
  leaf!: Relation<Leaf>;
}

@Entity()
@TenantScoped()
class Print {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Album)
  @JoinColumn(albumKey('organizationId', 'firstNumber'))
  first!: Relation<Album> | null;
  @ManyToOne(() => Album)
  @JoinColumn(albumKey('organizationId', 'secondNumber'))
  second!: Relation<Album> | null;
}

@Entity()
@TenantScoped({ columns: { organizationId: 'id' } })
class Organization {
  @PrimaryColumn() id!: number;
}

@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Preset {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() text!: string;
  @ManyToOne(() => Organization) organization!: Relation<Organization> | null;
}

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() body!: string;
  @ForeignKey(() => Ticket)
  @Column({ type: Number, nullable: true, transformer: { to: (value: number) => value + 100, from: Number } })
  ticketId!: number;
  @ManyToOne(() => Ticket) follows!: Relation<Ticket>;
  @ForeignKey(() => Ticket) @Column({ update: false }) firstId!: number;
}

@Entity()
@TenantScoped({ via: 'note' })
class Remark {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @ManyToOne(() => Note, { nullable: false }) note!: Relation<Note> | null;
}

/** The key of its parent is a property. */
@Entity()
@TenantScoped({ via: 'note' })
class Reply {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @Column() noteId!: number;
  @ManyToOne(() => Note, { nullable: false }) note!: Relation<Note> | null;
}

/** Each time it is asked, another key comes out. */
let asked = 0;
const transformer = { to: (value: unknown) => value && Number(value) + 100 * ++asked, from: Number };

@Entity()
@TenantScoped()
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Ticket) @Column({ transformer }) ticketId!: number;
  @Column({ transformer }) orderId!: number;
  @ManyToOne(() => Ticket) order!: Relation<Ticket>;
  @Column({ transformer }) lazyId!: number;
  @ManyToOne(() => Ticket, { lazy: true }) lazy!: Promise<Relation<Ticket>>;
}

@Entity()
@TenantShared('the same for all')
class Manual {
  @PrimaryGeneratedColumn() id!: number;
  @Column() title!: string;
}

@Entity()
@TenantScoped()
class Badge {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
}

/** Its key holds the tenant, and it is referred to by a code. */
@Entity()
@TenantScoped()
@Unique(['code'])
class Label {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() number!: number;
  @Column() code!: string;
}

@Entity()
@TenantScoped()
class Box {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Label) @JoinColumn({ referencedColumnName: 'code' }) label!: Relation<Label>;
}

const entities = [
  Leaf,
  Reply,
  Parcel,
  Manual,
  Badge,
  Label,
  Box,
  Poster,
  Page,
  Album,
  Photo,
  Frame,
  Print,
  Organization,
  Preset,
  Ticket,
  Note,
  Remark,
];

describe('an update', () => {
  let dataSource: DataSource;
  beforeEach(async () => {
    dataSource = await unconnected('postgres', entities);
  });
  const update = (entity: new () => ObjectLiteral, values: object): UpdateQueryBuilder<ObjectLiteral> =>
    dataSource.createQueryBuilder().update(entity).set(values);
  /** What is set, in the order of the statement. */
  const setBy = (entity: new () => ObjectLiteral, values: object): string => {
    const [text, parameters] = update(entity, values).getQueryAndParameters();
    const assigned = / SET (.*?)(?: WHERE |$)/.exec(text)![1];
    return assigned.replace(/"(\w+)" = \$(\d+)/g, (_, name: string, at: string) => {
      return `${name} = ${JSON.stringify(parameters[Number(at) - 1] ?? null)}`;
    });
  };
  const notes = (entity: new () => ObjectLiteral, values: object): BuildContext =>
    buildStatement((rendering) => {
      update(entity, values).getQuery();
      return rendering;
    });
  const lookedUp = (values: object): unknown[] =>
    asAcme(() => notes(Note, values)).lookups.map(({ key, values: rows }) => [key.property, ...rows.flat()]);

  it('shares a row by its tenant, and by the relation to it', () => {
    expect(unscoped(() => setBy(Preset, { text: 'x', organizationId: null }))).toBe(
      'text = "x", organizationId = null',
    );
    expect(unscoped(() => setBy(Preset, { text: 'x', organization: null }))).toBe('text = "x", organizationId = null');
    expect(unscoped(() => setBy(Photo, { title: 'x', organizationId: null }))).toBe(
      'title = "x", organizationId = null',
    );
  });

  it('that clears a reference of several columns leaves the tenant alone, unless it sets it', () => {
    expect(asAcme(() => setBy(Photo, { title: 'x', album: null }))).toBe('title = "x", albumNumber = null');
    expect(unscoped(() => setBy(Photo, { album: null, organizationId: 2 }))).toBe(
      'organizationId = 2, albumNumber = null',
    );
    expect(unscoped(() => setBy(Photo, { organizationId: 2 }))).toBe('organizationId = 2');
    expect(unscoped(() => setBy(Photo, { album: null, organizationId: null }))).toBe(
      'organizationId = null, albumNumber = null',
    );
    const album = { organizationId: 2, number: 7 };
    expect(unscoped(() => setBy(Print, { first: null, second: album }))).toBe(
      'firstNumber = null, organizationId = 2, secondNumber = 7',
    );
    expect(unscoped(() => setBy(Print, { first: album, second: null }))).toBe(
      'organizationId = 2, firstNumber = 7, secondNumber = null',
    );
    expect(unscoped(() => setBy(Page, { text: 'x', album: null }))).toBe('text = "x", albumNumber = null');
    expect(unscoped(() => setBy(Page, { album }))).toBe('organizationId = 2, albumNumber = 7');
  });

  it('changes no key of rows that others refer to by ON UPDATE CASCADE, in a scope', () => {
    const text = (values: object): string => asAcme(() => update(Leaf, values).getQuery());
    for (const values of [{ organizationId: 1 }, { album: { number: 7 } }])
      expect(() => text(values)).toThrow('a new key for rows of Leaf would change rows of Frame');
    expect(text({ album: null })).toContain('UPDATE "leaf"');
    expect(asAcme(() => setBy(Leaf, { album: null }))).toBe('albumNumber = null');
    expect(unscoped(() => setBy(Leaf, { organizationId: 2 }))).toBe('organizationId = 2');
  });

  it('writes the keys that it looks up, whatever a transformer makes of them the next time', () => {
    for (const values of [
      { ticketId: 3 },
      { orderId: 3 },
      { order: { id: 3 } },
      { lazyId: 3 },
      { lazy: { id: 3 } },
      { order: { id: 3 }, lazy: { id: 4 }, ticketId: 5 },
    ]) {
      const builder = update(Parcel, values);
      const { lookups } = asAcme(() => buildStatement((rendering) => (builder.getQuery(), rendering)));
      const written = Object.entries(builder.getParameters()).filter(([name]) => name.startsWith('orm_'));
      expect(lookups.flatMap((lookup) => lookup.values.flat()).sort()).toEqual(
        written.map(([, value]) => value).sort(),
      );
      expect(lookups).toHaveLength(Object.keys(values).length);
    }
  });

  it('completes a reference of several columns by the current tenant', () => {
    expect(asAcme(() => setBy(Photo, { album: { number: 7 } }))).toBe('organizationId = 1, albumNumber = 7');
    expect(asAcme(() => setBy(Box, { label: { code: '' } }))).toBe('labelCode = ""');
  });

  it('writes a lazy reference as any other', () => {
    const album = { organizationId: 1, number: 7 };
    for (const given of [album, { number: 7 }])
      expect(asAcme(() => setBy(Poster, { album: given }))).toBe('organizationId = 1, albumNumber = 7');
    expect(asAcme(() => setBy(Poster, { album: null }))).toBe('albumNumber = null');
    expect(() => asAcme(() => setBy(Poster, { album: { organizationId: 2, number: 7 } }))).toThrow(
      'is the key of another tenant',
    );
    expect(asAcme(() => setBy(Poster, { place: { room: 'x' } }))).toBe('placeRoom = "x"');
    expect(asAcme(() => setBy(Poster, { place: { album } }))).toBe('placeAlbumtenant = 1, placeAlbumnumber = 7');
    expect(asAcme(() => setBy(Poster, { place: { album: null } }))).toBe(
      'placeAlbumtenant = null, placeAlbumnumber = null',
    );
    expect(asAcme(() => setBy(Poster, { ticket: { id: 7 } }))).toBe('ticketId = 7');
    expect(asAcme(() => setBy(Poster, { ticket: 7 }))).toBe('ticketId = 7');
    expect(asAcme(() => setBy(Poster, { albumNumber: 8, ticket: {} }))).toBe('albumNumber = 8');
    expect(asAcme(() => setBy(Poster, { ticket: null }))).toBe('ticketId = null');
    expect(asAcme(() => setBy(Poster, { ticket: { id: 7 }, ticketId: 8 }))).toBe('ticketId = 8');
  });

  it('refers to no row by another tenant, whichever of its references says so', () => {
    const one = { organizationId: 1, number: 7 };
    const other = { organizationId: 2, number: 7 };
    expect(asAcme(() => setBy(Print, { first: one, second: one }))).toBe(
      'organizationId = 1, firstNumber = 7, secondNumber = 7',
    );
    for (const values of [
      { first: other },
      { second: other },
      { first: one, second: other },
      { first: other, second: one },
    ])
      expect(() => asAcme(() => setBy(Print, values))).toThrow('Print.organizationId is the key of another tenant');
  });

  it('takes no parent away', () => {
    for (const entity of [Remark, Reply])
      expect(() => asAcme(() => setBy(entity, { note: null }))).toThrow('gets its tenant from its parent');
    expect(asAcme(() => setBy(Reply, { text: 'x' }))).toBe('text = "x"');
    expect(asAcme(() => setBy(Remark, { text: 'x' }))).toBe('text = "x"');
  });

  it('looks up what it writes, once transformed, and nothing that it leaves alone', () => {
    expect(lookedUp({ body: 'x' })).toEqual([]);
    expect(lookedUp({ body: 'x', firstId: 3 })).toEqual([]);
    expect(lookedUp({ ticketId: 3, follows: { id: 4 } })).toEqual([
      ['follows', 4],
      ['ticketId', 103],
    ]);
  });

  it('reads the keys of the rows that it changes where these may be given to all tenants, or taken from them', () => {
    const reads = (entity: new () => ObjectLiteral, values: object): unknown =>
      unscoped(() => notes(entity, values)).unscoped.map(({ readsKeys, affectedOwnersQuery: changes }) => [
        readsKeys,
        changes![0],
      ]);
    expect(reads(Note, { organizationId: 2 })).toEqual([
      [false, 'SELECT DISTINCT CAST("organizationId" AS TEXT) AS "c0" FROM "note"'],
    ]);
    expect(reads(Photo, { title: 'x' })).toEqual([
      [false, 'SELECT DISTINCT CAST("organizationId" AS TEXT) AS "c0" FROM "photo"'],
    ]);
    expect(unscoped(() => notes(Manual, { title: 'x' })).unscoped).toMatchObject([{ affectedOwnersQuery: undefined }]);
    expect(reads(Photo, { organizationId: 2 })).toEqual([
      [
        true,
        'SELECT DISTINCT CAST("organizationId" AS TEXT) AS "c0", CAST("organizationId" AS TEXT) AS "k0", CAST("albumNumber" AS TEXT) AS "k1" FROM "photo"',
      ],
    ]);
  });

  it('sets no auto-increment key in a scope, and any other key', () => {
    const id = '00000000-0000-4000-8000-000000000000';
    expect(() => asAcme(() => setBy(Note, { id: 7 }))).toThrow('an update of Note sets the auto-increment column id');
    expect(asAcme(() => setBy(Badge, { id }))).toBe(`id = "${id}"`);
    expect(asAcme(() => setBy(Album, { number: 7 }))).toBe('number = 7');
    expect(unscoped(() => setBy(Note, { id: 7 }))).toBe('id = 7');
  });

  it('takes no SQL for the tenant', () => {
    const withSql = (): unknown => asAcme(() => setBy(Note, { organizationId: () => '2' }));
    expect(withSql).toThrow('Note.organizationId is set by an SQL expression');
    expect(withSql).toThrow(TenantScopeViolationError);
  });
});
