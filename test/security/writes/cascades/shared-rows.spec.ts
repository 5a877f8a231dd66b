import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  Entity,
  Exclusion,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
} from 'typeorm';
import { attacks } from '../../../support/annex.js';

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };
const onlyPostgres = (reason: string): Record<string, string> => ({ sqljs: reason, mariadb: reason });

/** Belongs to everybody, and rows of tenants refer to it. */
@Entity()
@TenantShared('the same for everybody')
class Country {
  @PrimaryColumn() id!: number;
  @Column() name!: string;
  @OneToMany('Site', 'country') sites!: unknown[];
}

@Entity()
@TenantScoped()
class Site {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @Column({ type: Number, nullable: true }) countryId!: number | null;
  @ManyToOne(() => Country, (country) => country.sites, { onDelete: 'CASCADE' }) country!: Relation<Country>;
}

attacks(
  'G-02 a shared row that rows of tenants refer to',
  {
    entities: () => [Country, Site],
    acme,
    sow: async ({ repo }) => {
      await repo(Country).insert([
        { id: 1, name: 'north' },
        { id: 2, name: 'south' },
      ]);
      await repo(Site).insert([
        { organizationId: 1, name: 'acme site', countryId: 1 },
        { organizationId: 2, name: 'globex site', countryId: 2 },
      ]);
    },
    globex: ({ repo }) => repo(Site).findBy({ organizationId: 2 }),
  },
  {
    'does not take rows of another tenant along when its table is emptied': {
      attempt: ({ repo, kind }) => repo(Country).clear(kind === 'sqljs' ? undefined : { cascade: true }),
      not: { mariadb: 'it empties no table that others refer to' },
    },
    'does not cascade to rows of another tenant when its table is emptied manually': {
      attempt: ({ dataSource }) => dataSource.query('TRUNCATE country CASCADE'),
      not: onlyPostgres('it has no such cascade'),
    },
    'does not take rows of another tenant along when it is deleted': ({ repo }) => repo(Country).delete({ id: 2 }),
    'does not take rows of another tenant along when all are deleted': ({ repo }) => repo(Country).deleteAll(),
    'leaves rows of another tenant when it is saved with a list of own ones': ({ repo }) =>
      repo(Country).save({ id: 2, name: 'south', sites: [] }),
  },
);

/** No two reservations may overlap, whichever tenants made them. */
@Entity()
@TenantScoped()
@Exclusion(`USING gist ("period" WITH &&)`)
class Reservation {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'int4range' }) period!: string;
}

/** A code that is unique over all tenants, checked when the transaction ends. */
@Entity()
@TenantScoped({ globallyUnique: { code: 'printed on paper' } })
@Unique(['code'], { deferrable: 'INITIALLY DEFERRED' })
class Voucher {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() code!: string;
}

attacks(
  'G-02 a rule over all tenants',
  {
    entities: () => [Reservation, Voucher],
    acme,
    not: onlyPostgres('it has no such rules'),
    sow: async ({ repo }) => {
      await repo(Reservation).insert({ organizationId: 2, period: '[4711,4712)' });
      await repo(Voucher).insert({ organizationId: 2, code: 'x1' });
    },
    globex: ({ repo }) => repo(Reservation).findBy({ organizationId: 2 }),
  },
  {
    'does not name the row of another tenant that stands against it': ({ repo }) =>
      repo(Reservation)
        .insert({ organizationId: 1, period: '[0,9000)' })
        .catch((error: object) => (JSON.stringify(error).includes('4711') ? 'globex' : 'nothing')),
    'is answered alike when it is checked at the end of a transaction': ({ dataSource }) =>
      dataSource
        .transaction((manager) => manager.insert(Voucher, { organizationId: 1, code: 'x1' }))
        .catch((error: Error) =>
          JSON.stringify(error).includes('duplicate key') || String(error).includes('duplicate key')
            ? 'globex'
            : 'nothing',
        ),
  },
);
