import { declareScope, TenantScoped } from 'nestjs-muck';
import {
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';
import { attacks } from '../../support/annex.js';
import type { Annex } from '../../support/annex.js';

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };
const raw = ({ dataSource }: Annex, sql: string): Promise<unknown> => dataSource.query(sql);

/** A table whose name is written with its schema in front. */
@Entity('public.deal')
@TenantScoped()
class Deal {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
}

@Entity('main.deal')
@TenantScoped()
class MainDeal {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
}

const LONG = 'measurements_of_the_temperature_in_the_cold_store_of_the_northern_warehouse';

/** A table whose name is longer than PostgreSQL keeps. */
@Entity(LONG)
@TenantScoped()
class Measurement {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
}

const dealOf = ({ kind }: Annex): typeof Deal => (kind === 'sqljs' ? MainDeal : Deal);

attacks(
  'G-09 a table with an unusual name',
  {
    entities: (kind) => [kind === 'sqljs' ? MainDeal : Deal, Measurement],
    acme,
    not: { mariadb: 'a schema is a database there' },
    sow: async (annex) => {
      await annex.repo(dealOf(annex)).insert([
        { organizationId: 1, title: 'acme deal' },
        { organizationId: 2, title: 'globex deal' },
      ]);
      await annex.repo(Measurement).insert([
        { organizationId: 1, title: 'acme measurement' },
        { organizationId: 2, title: 'globex measurement' },
      ]);
    },
    globex: async (annex) => [
      await annex.repo(dealOf(annex)).findBy({ organizationId: 2 }),
      await annex.repo(Measurement).findBy({ organizationId: 2 }),
    ],
  },
  {
    'is not read by raw SQL when its schema is part of the name': (annex) => raw(annex, 'SELECT title FROM deal'),
    'is not read in a builder when its schema is part of the name': (annex) =>
      annex.repo(Measurement).createQueryBuilder('m').select('(SELECT MAX(d.title) FROM deal d)', 'title').getRawMany(),
    'is not emptied when its schema is part of the name': (annex) => raw(annex, 'DELETE FROM deal'),
    'is read in own rows when its schema is part of the name': (annex) => annex.repo(dealOf(annex)).find(),
    'is not read by raw SQL by the part of its name that the database keeps': {
      attempt: (annex) => raw(annex, `SELECT title FROM ${LONG.slice(0, 63)}`),
      not: { sqljs: 'it keeps names of any length' },
    },
    'is not read by raw SQL by a longer name of which the database keeps the same part': {
      attempt: (annex) => raw(annex, `SELECT title FROM ${LONG.slice(0, 63)}_archived`),
      not: { sqljs: 'it keeps names of any length' },
    },
  },
);

/** Belongs to its parent by a column that the parent has too. */
@Entity()
@TenantScoped()
class Contract {
  @PrimaryColumn() code!: string;
  @PrimaryColumn() year!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
}

@Entity()
@TenantScoped({ via: 'contract' })
class Annexe {
  @PrimaryColumn() code!: string;
  @PrimaryColumn() year!: number;
  @Column() title!: string;
  @OneToOne(() => Contract, { nullable: false })
  @JoinColumn([
    { name: 'code', referencedColumnName: 'code' },
    { name: 'year', referencedColumnName: 'year' },
  ])
  contract!: Relation<Contract>;
}

/** Refers to a contract by two columns, of which one has a default. */
@Entity()
@TenantScoped()
class Payment {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ nullable: true }) contractCode!: string;
  @Column({ default: 2002, nullable: true }) contractYear!: number;
  @ManyToOne(() => Contract)
  @JoinColumn([
    { name: 'contractCode', referencedColumnName: 'code' },
    { name: 'contractYear', referencedColumnName: 'year' },
  ])
  contract!: Relation<Contract> | null;
}

/** Refers to the second payment by a default of the column. */
@Entity()
@TenantScoped()
class Receipt {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Payment) @Column({ type: Number, default: 2, nullable: true }) paymentId!: number | null;
}

attacks(
  'G-09 a key of two columns',
  {
    entities: () => [Contract, Annexe, Payment, Receipt],
    acme,
    sow: async ({ repo }) => {
      await repo(Contract).insert([
        { code: 'a', year: 2001, organizationId: 1, title: 'acme contract' },
        { code: 'a', year: 2002, organizationId: 2, title: 'globex contract' },
      ]);
      await repo(Annexe).insert([
        { code: 'a', year: 2001, title: 'acme annexe' },
        { code: 'a', year: 2002, title: 'globex annexe' },
      ]);
      await repo(Payment).insert([
        { organizationId: 1, contractCode: 'a', contractYear: 2001 },
        { organizationId: 2, contractCode: 'a', contractYear: 2002 },
      ]);
    },
    globex: async ({ repo }) => [
      await repo(Contract).findBy({ organizationId: 2 }),
      await repo(Annexe).findBy({ year: 2002 }),
      await repo(Payment).findBy({ contractYear: 2002, contractCode: 'a' }),
      await repo(Receipt).findBy({ paymentId: 2 }),
    ],
  },
  {
    'is checked when the database completes it by a default': ({ repo }) =>
      repo(Payment).insert({ organizationId: 1, contractCode: 'a' }),
    'is checked when it is all left to a default': ({ repo }) => repo(Receipt).insert({ organizationId: 1 }),
    'is checked when only one of its columns is updated': ({ repo }) =>
      repo(Payment).update({ organizationId: 1 }, { contractYear: 2002 }),
    'of a parent is not looked up in the table itself when an alias is spelled like the one of the parent': ({
      repo,
    }) => repo(Annexe).createQueryBuilder('MUCK_PARENT_1').getMany(),
    'of a parent is not looked up in the table itself when an alias is the one of the parent': ({ repo }) =>
      repo(Annexe).createQueryBuilder('muck_parent_1').getMany(),
    'of a parent is not looked up in a joined table whose alias is the one of the parent': ({ repo }) =>
      repo(Contract)
        .createQueryBuilder('c')
        .innerJoin(Annexe, 'Muck_Parent_1', '1=1')
        .select('c.title')
        .addSelect('Muck_Parent_1.title', 'title')
        .getRawMany(),
  },
);

/** Numbers that are shown in another form than they are kept in. */
@Entity()
@TenantScoped()
class Shelf {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
}

@Entity()
@TenantScoped()
class Box {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({
    type: Number,
    nullable: true,
    transformer: { to: (shown?: number) => shown && 3 - shown, from: (kept?: number) => kept && 3 - kept },
  })
  shelfId!: number | null;
  @ManyToOne(() => Shelf, { createForeignKeyConstraints: false }) shelf!: Relation<Shelf> | null;
}

class Remarks {
  @Column({ default: '' }) text!: string;
}

/** Holds an object with columns of its own, and no column that TypeORM sets by itself. */
@Entity()
@TenantScoped()
class Crate {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column(() => Remarks) remarks!: Remarks;
}

attacks(
  'G-09 columns that are not what they look like',
  {
    entities: () => [Shelf, Box, Crate],
    acme,
    sow: async ({ repo }) => {
      await repo(Shelf).insert({ organizationId: 1, title: 'acme shelf' });
      await repo(Shelf).insert({ organizationId: 2, title: 'globex shelf' });
      await repo(Box).insert({ organizationId: 1 });
      await repo(Crate).insert({ organizationId: 1, remarks: { text: 'acme crate' } });
      await repo(Crate).insert({ organizationId: 2, remarks: { text: 'globex crate' } });
    },
    globex: async ({ repo, dataSource }) => [
      await repo(Shelf).findBy({ organizationId: 2 }),
      await dataSource.query(`SELECT * FROM box WHERE ${dataSource.driver.escape('shelfId')} = 2`),
      await repo(Crate).findBy({ organizationId: 2 }),
    ],
  },
  {
    'are checked as they are kept when inserted': ({ repo }) => repo(Box).insert({ organizationId: 1, shelfId: 1 }),
    'are checked as they are kept when updated': ({ repo }) => repo(Box).update({ organizationId: 1 }, { shelfId: 1 }),
    'are checked as they are kept when saved': async ({ repo }) =>
      repo(Box).save({ ...(await repo(Box).findOneByOrFail({ organizationId: 1 })), shelfId: 1 }),
    'are checked in an embedded object of a class': ({ repo, dataSource }) =>
      repo(Crate).update(
        { remarks: { text: 'acme crate' } },
        {
          remarks: Object.assign(new Remarks(), {
            text: () => `'x', ${dataSource.driver.escape('organizationId')} = 2`,
          }),
        },
      ),
    'are checked in an embedded object without a class': ({ repo, dataSource }) =>
      repo(Crate).update(
        { remarks: { text: 'acme crate' } },
        {
          remarks: Object.assign(Object.create(null), {
            text: () => `'x', ${dataSource.driver.escape('organizationId')} = 2`,
          }),
        },
      ),
    'open no bracket in an embedded object that an order closes': {
      attempt: ({ repo }) =>
        repo(Crate)
          .createQueryBuilder()
          .update()
          .set({ remarks: Object.assign(new Remarks(), { text: () => "(SELECT 'taken'" }) })
          .orderBy('1)' as never)
          .execute()
          .catch(() =>
            repo(Crate)
              .createQueryBuilder()
              .update()
              .set({ remarks: { text: 'taken' } })
              .execute(),
          ),
      not: {},
    },
  },
);
