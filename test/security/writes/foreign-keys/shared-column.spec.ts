import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';
import { attacks, tenancy } from '../../../support/annex.js';

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };
const LOOSE = { createForeignKeyConstraints: false } as const;

@Entity()
@TenantScoped()
class Photo {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class Film {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}
/** Of a photo or of a film: the kind says which. */
@Entity()
@TenantScoped()
class Remark {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: 'photo' }) kind!: string;
  @Column() subjectId!: number;
  @ManyToOne(() => Photo, LOOSE) @JoinColumn({ name: 'subjectId' }) photo!: Relation<Photo>;
  @ManyToOne(() => Film, LOOSE) @JoinColumn({ name: 'subjectId' }) film!: Relation<Film>;
}
/** One photo and one film that have the same key. */
@Entity()
@TenantScoped()
class Pair {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @OneToOne(() => Photo) @JoinColumn({ name: 'id', foreignKeyConstraintName: 'pair_photo' }) photo!: Relation<Photo>;
  @OneToOne(() => Film) @JoinColumn({ name: 'id', foreignKeyConstraintName: 'pair_film' }) film!: Relation<Film>;
}

attacks(
  'G-06 a column that names rows of two entities',
  {
    entities: () => [Photo, Film, Remark, Pair],
    acme,
    sow: async ({ repo }) => {
      await repo(Photo).insert([
        { id: 1, organizationId: 1 },
        { id: 2, organizationId: 2 },
        { id: 3, organizationId: 1 },
      ]);
      await repo(Film).insert([
        { id: 1, organizationId: 2 },
        { id: 2, organizationId: 1 },
        { id: 3, organizationId: 1 },
      ]);
      await repo(Remark).insert({ organizationId: 1, subjectId: 3 });
    },
    globex: async ({ repo }) => {
      const remarks = await repo(Remark).find({ relations: { photo: true, film: true } });
      const pairs = await repo(Pair).find({ relations: { photo: true, film: true } });
      return [...remarks, ...pairs].filter(({ photo, film }) => [photo, film].some((row) => row?.organizationId === 2));
    },
  },
  {
    'is checked in the second one': ({ repo }) =>
      repo(Remark).insert({ organizationId: 1, kind: 'film', subjectId: 1 }),
    'is checked in the first one': ({ repo }) =>
      repo(Remark).insert({ organizationId: 1, kind: 'photo', subjectId: 2 }),
    'is checked in the second one when it is saved': ({ repo }) =>
      repo(Remark).save({ organizationId: 1, kind: 'film', subjectId: 1 }),
    'is checked in the second one when it is updated': ({ repo }) =>
      repo(Remark).update({ organizationId: 1 }, { kind: 'film', subjectId: 1 }),
    'is checked in both where both hold it': ({ repo }) => repo(Pair).insert({ id: 1, organizationId: 1 }),
    'is checked in both where both hold it, the other way round': ({ repo }) =>
      repo(Pair).insert({ id: 2, organizationId: 1 }),
    'is compared with the second one in an unscoped section': ({ repo }) =>
      tenancy.unscoped('seeds', () => repo(Remark).insert({ organizationId: 1, kind: 'film', subjectId: 1 })),
  },
);

/** Shared rows between those of tenants. */
@Entity()
@TenantShared('the same for everybody')
class Continent {
  @PrimaryColumn() id!: number;
  @Column({ default: 'x' }) name!: string;
}
@Entity()
@TenantShared('the same for everybody')
class Land {
  @PrimaryColumn() id!: number;
  @Column({ default: 'x' }) name!: string;
  @ManyToOne(() => Continent, { onDelete: 'CASCADE' }) continent!: Relation<Continent>;
}
@Entity()
@TenantScoped()
class Branch {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @ManyToOne(() => Land, { onDelete: 'CASCADE' }) land!: Relation<Land>;
}
/** A shared notice that one tenant's row put up. */
@Entity()
@TenantShared('everybody reads them')
class Notice {
  @PrimaryColumn() id!: number;
  @ManyToOne(() => Branch, { onDelete: 'CASCADE', nullable: true }) branch!: Relation<Branch> | null;
}
@Entity()
@TenantScoped()
class Reading {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Notice, { onDelete: 'CASCADE' }) notice!: Relation<Notice>;
}
/** Follows its currency when that is renamed, or forgets it. */
@Entity()
@TenantShared('the same for everybody')
class Currency {
  @PrimaryColumn({ length: 3 }) code!: string;
  @Column({ default: 'x' }) name!: string;
}
@Entity()
@TenantScoped()
class Account {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Currency, { onUpdate: 'SET NULL', onDelete: 'RESTRICT', nullable: true })
  currency!: Relation<Currency> | null;
}

attacks(
  'G-06 a chain of rows that the database deletes along',
  {
    entities: () => [Continent, Land, Branch, Notice, Reading, Currency, Account],
    acme,
    sow: async ({ repo }) => {
      await repo(Continent).insert({ id: 1 });
      await repo(Land).insert({ id: 1, continent: { id: 1 } });
      await repo(Branch).insert([
        { organizationId: 1, name: 'acme branch', land: { id: 1 } },
        { organizationId: 2, name: 'globex branch', land: { id: 1 } },
      ]);
      const branch = await repo(Branch).findOneByOrFail({ organizationId: 1 });
      await repo(Notice).insert({ id: 1, branch: { id: branch.id } });
      await repo(Reading).insert({ organizationId: 2, notice: { id: 1 } });
      await repo(Currency).insert({ code: 'EUR' });
      await repo(Account).insert({ organizationId: 2, currency: { code: 'EUR' } });
    },
    globex: async ({ repo }) => [
      await repo(Branch).findBy({ organizationId: 2 }),
      await repo(Reading).findBy({ organizationId: 2 }),
      await repo(Account).find({ where: { organizationId: 2 }, relations: { currency: true } }),
    ],
  },
  {
    'stops when it begins at a shared row two steps away': ({ repo }) => repo(Continent).delete({ id: 1 }),
    'stops when it begins at a shared row two steps away that is removed': async ({ repo }) =>
      repo(Continent).remove(await repo(Continent).findOneByOrFail({ id: 1 })),
    'stops when it begins at an own row': ({ repo }) => repo(Branch).delete({ organizationId: 1 }),
    'stops when a shared row gets another key': ({ repo }) => repo(Currency).update({ code: 'EUR' }, { code: 'XEU' }),
  },
);
