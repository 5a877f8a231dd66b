import { declareScope, TenantScoped } from 'nestjs-muck';
import {
  Column,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
} from 'typeorm';
import { attacks, tenancy } from '../../../support/annex.js';

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };
const LOOSE = { createForeignKeyConstraints: false } as const;
const onlySqlite = (reason: string): Record<string, string> => ({
  mariadb: reason,
  postgres: reason,
  postgres15: reason,
});
const onlyMariadb = (reason: string): Record<string, string> => ({
  sqljs: reason,
  postgres: reason,
  postgres15: reason,
});

const OWN = 'aaaaaaaa-0000-4000-8000-00000000000a';
/** SQLite keeps a uuid as a text: this is another row there. */
const FOREIGN = OWN.toUpperCase();

@Entity()
@TenantScoped()
class Device {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class Sample {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Device) device!: Relation<Device>;
}

attacks(
  'G-06 a uuid that two tenants spell differently',
  {
    entities: () => [Device, Sample],
    acme,
    not: onlySqlite('both are one key'),
    sow: ({ repo }) =>
      repo(Device).insert([
        { id: OWN, organizationId: 1 },
        { id: FOREIGN, organizationId: 2 },
      ]),
    globex: ({ repo }) => repo(Sample).findBy({ device: { id: FOREIGN } }),
  },
  {
    'is checked alone': ({ repo }) => repo(Sample).insert({ organizationId: 1, device: { id: FOREIGN } }),
    'is checked before the own one': ({ repo }) =>
      repo(Sample).insert([
        { organizationId: 1, device: { id: FOREIGN } },
        { organizationId: 1, device: { id: OWN } },
      ]),
    'is checked behind the own one': ({ repo }) =>
      repo(Sample).insert([
        { organizationId: 1, device: { id: OWN } },
        { organizationId: 1, device: { id: FOREIGN } },
      ]),
    'is compared beside the own one in an unscoped section': ({ repo }) =>
      tenancy.unscoped('seeds', () =>
        repo(Sample).insert([
          { organizationId: 1, device: { id: OWN } },
          { organizationId: 1, device: { id: FOREIGN } },
        ]),
      ),
  },
);

/** MariaDB takes what it cannot keep for something else when it is told to ignore errors. */
@Entity()
@TenantScoped()
class Shelf {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
@Unique(['organizationId', 'isbn'])
class Book {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 20 }) isbn!: string;
  @Column({ type: 'int' }) shelfId!: number | null;
  @ManyToOne(() => Shelf) @JoinColumn({ name: 'shelfId' }) shelf!: Relation<Shelf> | null;
}

attacks(
  'G-06 an insert that ignores errors',
  {
    entities: () => [Shelf, Book],
    acme,
    not: onlyMariadb('it ignores rows, not values'),
    sow: async ({ repo }) => {
      await repo(Shelf).insert([{ id: 0, organizationId: 2 }]);
    },
    globex: async ({ repo }) => [await repo(Book).findBy({ shelfId: 0 })],
  },
  {
    'makes no key of another tenant of nothing': ({ repo }) =>
      repo(Book)
        .createQueryBuilder()
        .insert()
        .values({ organizationId: 1, isbn: 'x', shelfId: null })
        .orIgnore()
        .updateEntity(false)
        .execute(),
    'makes no key of another tenant of nothing when several rows are inserted': ({ repo }) =>
      repo(Book)
        .createQueryBuilder()
        .insert()
        .values([
          { organizationId: 1, isbn: 'x', shelfId: null },
          { organizationId: 1, isbn: 'y', shelfId: null },
        ])
        .orIgnore()
        .updateEntity(false)
        .execute(),
    'makes no key of another tenant of what is left out': ({ repo }) =>
      repo(Book)
        .createQueryBuilder()
        .insert()
        .values({ organizationId: 1, isbn: 'x' })
        .orIgnore()
        .updateEntity(false)
        .execute(),
  },
);

/** Bytes, and a text that reads like them. */
@Entity()
@TenantScoped()
class Blob {
  @PrimaryColumn({ type: 'blob' as never }) key!: Buffer | string;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class BlobUse {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'blob' as never }) blobKey!: Buffer | string;
  @ManyToOne(() => Blob, LOOSE) @JoinColumn({ name: 'blobKey' }) blob!: Relation<Blob>;
}
@Entity()
@TenantScoped()
class Bytes {
  @PrimaryColumn({ type: 'bytea' as never }) key!: Buffer | string;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class BytesUse {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'bytea' as never }) blobKey!: Buffer | string;
  @ManyToOne(() => Bytes, LOOSE) @JoinColumn({ name: 'blobKey' }) blob!: Relation<Bytes>;
}
@Entity()
@TenantScoped()
class Binary {
  @PrimaryColumn({ type: 'varbinary' as never, length: 16 }) key!: Buffer | string;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class BinaryUse {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'varbinary' as never, length: 16 }) blobKey!: Buffer | string;
  @ManyToOne(() => Binary, LOOSE) @JoinColumn({ name: 'blobKey' }) blob!: Relation<Binary>;
}
const KEPT = { sqljs: [Blob, BlobUse], mariadb: [Binary, BinaryUse], postgres: [Bytes, BytesUse] } as const;
const keptBy = (kind: string): readonly [typeof Blob, typeof BlobUse] =>
  KEPT[(kind === 'postgres15' ? 'postgres' : kind) as 'sqljs'];
const FOREIGN_BYTES = Buffer.from('abcd', 'hex');
const OWN_TEXT = 'abcd';

attacks(
  'G-06 a key of bytes beside a text of the same digits',
  {
    entities: keptBy,
    acme,
    sow: ({ repo, kind }) =>
      repo(keptBy(kind)[0]).insert([
        { key: kind === 'sqljs' ? OWN_TEXT : Buffer.from(OWN_TEXT), organizationId: 1 },
        { key: FOREIGN_BYTES, organizationId: 2 },
      ]),
    globex: async ({ repo, kind }) =>
      (await repo(keptBy(kind)[1]).find()).filter(({ blobKey }) =>
        FOREIGN_BYTES.equals(Buffer.from(blobKey as Buffer)),
      ),
  },
  {
    'is checked': ({ repo, kind }) =>
      repo(keptBy(kind)[1]).insert([
        { organizationId: 1, blobKey: FOREIGN_BYTES },
        { organizationId: 1, blobKey: OWN_TEXT },
      ]),
  },
);
