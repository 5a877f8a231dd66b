import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  type Relation,
  TableInheritance,
} from 'typeorm';
import { attacks, tenancy } from '../../../support/annex.js';

/*
 * Every way to a delete, or to another key, of a row that a row of another tenant refers to. The tenant eu/1 attacks us/1.
 */

declareScope({ region: String, organizationId: Number });

const EU = { region: 'eu', organizationId: 1 };
const US = { region: 'us', organizationId: 1 };
const without = (reason: string, ...kinds: ('sqljs' | 'mariadb' | 'postgres' | 'postgres15')[]): object =>
  Object.fromEntries(kinds.map((kind) => [kind, reason]));

@Entity()
@TenantShared('the same for everybody')
class Currency {
  @PrimaryColumn({ type: 'varchar', length: 3 }) code!: string;
  @Column({ type: 'int', unique: true }) number!: number;
  @Column({ default: 'x' }) name!: string;
}

@Entity()
@TenantScoped({ omit: ['region'] })
class Catalog {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @OneToMany('PriceList', 'catalog', { cascade: ['remove', 'insert', 'update'] }) lists!: Relation<PriceList[]>;
}

@Entity()
@TenantScoped({ omit: ['region'] })
class PriceList {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Catalog, ({ lists }) => lists, { orphanedRowAction: 'delete', onDelete: 'RESTRICT' })
  catalog!: Relation<Catalog>;
}

/** A second class over the table of the price lists, to which no foreign key refers. */
@Entity('price_list')
@TenantScoped({ omit: ['region'] })
class ListName {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity()
@TableInheritance({ column: { type: 'varchar', length: 10, name: 'kind' } })
@TenantScoped({ omit: ['region'] })
class Media {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}

@ChildEntity()
class Photo extends Media {}

@Entity()
@TenantScoped()
class Label {
  @PrimaryColumn() id!: number;
  @Column({ type: 'varchar', length: 2 }) region!: string;
  @Column() organizationId!: number;
}

/** Labels of all regions may be in a group. */
@Entity()
@TenantScoped({ omit: ['region'] })
class LabelGroup {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToMany(() => Label) @JoinTable({ name: 'grouped_label' }) labels!: Relation<Label[]>;
}

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryColumn() id!: number;
  @Column({ type: 'varchar', length: 2 }) region!: string;
  @Column() organizationId!: number;
  @ManyToOne(() => PriceList, { onDelete: 'CASCADE' }) list!: Relation<PriceList>;
  @ManyToOne(() => Photo, { onDelete: 'CASCADE' }) photo!: Relation<Photo>;
  @ManyToOne(() => Label, { onDelete: 'CASCADE' }) label!: Relation<Label>;
  @ForeignKey(() => Currency, { onDelete: 'CASCADE', onUpdate: 'CASCADE' })
  @Column({ type: 'varchar', length: 3, nullable: true })
  currencyCode!: string | null;
  @ManyToOne(() => Currency, { onDelete: 'SET NULL', onUpdate: 'CASCADE' })
  @JoinColumn({ name: 'billedIn', referencedColumnName: 'number' })
  billedIn!: Relation<Currency> | null;
}

attacks(
  'G-02 a row to which a row of another tenant refers',
  {
    entities: () => [Currency, Catalog, PriceList, ListName, Media, Photo, Label, LabelGroup, Ticket],
    acme: EU,
    sow: async ({ repo }) => {
      await repo(Currency).insert({ code: 'EUR', number: 978 });
      await repo(Catalog).insert({ id: 1, organizationId: 1 });
      await repo(PriceList).insert({ id: 1, organizationId: 1, catalog: { id: 1 } });
      await repo(Photo).insert({ id: 1, organizationId: 1 });
      await repo(Label).insert({ id: 1, ...US });
      await repo(LabelGroup).save({ id: 1, organizationId: 1, labels: [{ id: 1 }] });
      const rows = [
        { list: { id: 1 } },
        { photo: { id: 1 } },
        { currencyCode: 'EUR' },
        { label: { id: 1 } },
        { billedIn: { number: 978 } },
      ];
      await repo(Ticket).insert(rows.map((row, i) => ({ id: i + 1, ...US, ...row })));
    },
    globex: async ({ repo, dataSource }) => [
      await repo(Ticket).find({ loadRelationIds: true }),
      await dataSource.query('SELECT * FROM grouped_label'),
    ],
  },
  {
    'is not deleted with the row of a parent that cascades its removal': async ({ repo }) =>
      repo(Catalog).remove(await repo(Catalog).findOneOrFail({ where: { id: 1 }, relations: { lists: true } })),
    'is not deleted as an orphan': ({ repo }) => repo(Catalog).save({ id: 1, lists: [] }),
    'is not deleted by another class over its table': ({ repo }) => repo(ListName).delete({ id: 1 }),
    'is not deleted by the name of its table': ({ dataSource }) =>
      dataSource.createQueryBuilder().delete().from('price_list').where('id = 1').execute(),
    'is not deleted by the base class of its table': ({ repo }) => repo(Media).delete({ id: 1 }),
    'is not deleted with its links to rows of another tenant': ({ repo }) => repo(LabelGroup).delete({ id: 1 }),
    'is not deleted in a section that is unscoped for its entity alone': ({ repo }) =>
      tenancy.unscoped('tidies up', { entities: [Label] }, () => repo(Label).delete({ id: 1 })),
    'gets no other key by an update of a column that is not its primary key': ({ repo }) =>
      repo(Currency).update({ code: 'EUR' }, { number: 1 }),
    'gets no other key by an upsert': ({ repo }) =>
      repo(Currency)
        .createQueryBuilder()
        .insert()
        .values({ code: 'XEU', number: 978 })
        .orUpdate(['code'], ['number'])
        .execute(),
    'gets no other key by an upsert that names the column with other capitals': {
      attempt: ({ repo }) =>
        repo(Currency)
          .createQueryBuilder()
          .insert()
          .values({ code: 'XEU', number: 978 })
          .orUpdate(['CODE'], ['number'])
          .execute(),
      not: without('it tells such names apart', 'postgres', 'postgres15'),
    },
    'gets no other key by save': ({ repo }) => repo(Currency).save({ code: 'EUR', number: 5 }),
    'is not deleted by raw SQL': ({ dataSource }) => dataSource.query("DELETE FROM currency WHERE code = 'EUR'"),
    'is not deleted by raw SQL with a common table expression': {
      attempt: ({ dataSource }) =>
        dataSource.query('WITH gone AS (DELETE FROM currency RETURNING code) SELECT code FROM gone'),
      not: without('it has no such expressions', 'sqljs', 'mariadb'),
    },
    'is not deleted by the text of a common table expression in a query builder': {
      attempt: ({ dataSource }) =>
        dataSource
          .createQueryBuilder()
          .addCommonTableExpression('DELETE FROM currency RETURNING code', 'gone')
          .select('gone.code')
          .from('gone', 'gone')
          .getRawMany(),
      not: without('it has no such expressions', 'sqljs', 'mariadb'),
    },
    'gets no other key by the text of a common table expression in a query builder': {
      attempt: ({ dataSource }) =>
        dataSource
          .createQueryBuilder()
          .addCommonTableExpression("UPDATE currency SET name = 'y', code = 'XEU' RETURNING code", 'gone')
          .select('gone.code')
          .from('gone', 'gone')
          .getRawMany(),
      not: without('it has no such expressions', 'sqljs', 'mariadb'),
    },
    'is not replaced by raw SQL': {
      attempt: ({ dataSource }) =>
        dataSource.query("REPLACE INTO currency (code, number, name) VALUES ('EUR', 979, 'y')"),
      not: without('it has no such statement', 'postgres', 'postgres15'),
    },
    'is not replaced by an insert in raw SQL': {
      attempt: ({ dataSource }) =>
        dataSource.query("INSERT OR REPLACE INTO currency (code, number, name) VALUES ('EUR', 979, 'y')"),
      not: without('it has no such statement', 'postgres', 'postgres15', 'mariadb'),
    },
    'is not replaced by an update in raw SQL': {
      attempt: async ({ dataSource, repo }) => {
        await repo(Currency).insert({ code: 'USD', number: 840 });
        await dataSource.query("UPDATE OR REPLACE currency SET number = 978 WHERE code = 'USD'");
      },
      not: without('it has no such statement', 'postgres', 'postgres15', 'mariadb'),
    },
    'gets no other key by raw SQL': ({ dataSource }) =>
      dataSource.query("UPDATE currency SET name = 'y', code = 'XEU' WHERE code = 'EUR'"),
    'gets no other key by raw SQL that sets columns as a list': {
      attempt: ({ dataSource }) => dataSource.query("UPDATE currency SET (name, code) = ('y', 'XEU')"),
      not: without('it has no such list', 'mariadb'),
    },
    'gets no other key by raw SQL that names the table before the column': {
      attempt: ({ dataSource }) => dataSource.query("UPDATE currency SET currency.code = 'XEU'"),
      not: without('it does not read that', 'postgres', 'postgres15', 'sqljs'),
    },
    'gets no other key by raw SQL that joins': {
      attempt: ({ dataSource }) =>
        dataSource.query("UPDATE currency a JOIN currency b ON a.code = b.code SET b.code = 'XEU'"),
      not: without('it does not read that', 'postgres', 'postgres15', 'sqljs'),
    },
    'gets no other key by an upsert in raw SQL': {
      attempt: ({ dataSource }) =>
        dataSource.query(
          "INSERT INTO currency (code, number) VALUES ('XEU', 978) ON CONFLICT (number) DO UPDATE SET code = 'XEU'",
        ),
      not: without('it has no such clause', 'mariadb'),
    },
    'gets no other key by an upsert of MySQL in raw SQL': {
      attempt: ({ dataSource }) =>
        dataSource.query(
          "INSERT INTO currency (code, number) VALUES ('XEU', 978) ON DUPLICATE KEY UPDATE code = 'XEU'",
        ),
      not: without('it has no such clause', 'postgres', 'postgres15', 'sqljs'),
    },
    'is not deleted or changed by MERGE in raw SQL': {
      attempt: ({ dataSource }) =>
        dataSource.query(
          'WITH gone AS (MERGE INTO currency USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE RETURNING 1) SELECT * FROM gone',
        ),
      not: without('it has no such statement', 'sqljs', 'mariadb', 'postgres15'),
    },
  },
);
