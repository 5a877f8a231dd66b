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

declareScope({ organizationId: String });

const acme = { organizationId: 'acme' };

@Entity()
@TenantScoped()
class Depot {
  @PrimaryColumn({ length: 20 }) code!: string;
  @Column({ length: 20 }) organizationId!: string;
}
@Entity()
@TenantScoped({ globallyUnique: { code: 'is printed on it' } })
class Truck {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ length: 20 }) organizationId!: string;
  @Column({ length: 20, unique: true }) code!: string;
  @Column({ length: 20 }) depotCode!: string;
  @Column({ default: '' }) text!: string;
  @ManyToOne(() => Depot) @JoinColumn({ name: 'depotCode' }) depot!: Relation<Depot>;
}
@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
class Setting {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ length: 20 }) organizationId!: string;
  @Column({ length: 20 }) name!: string;
  @Column({ length: 20 }) value!: string;
}

attacks(
  'G-02 an upsert that meets a row of a tenant whose key differs in case',
  {
    entities: () => [Setting],
    acme,
    not: { sqljs: 'both are two keys', postgres: 'both are two keys', postgres15: 'both are two keys' },
    sow: async ({ repo }) => {
      await repo(Setting).insert({ organizationId: 'ACME', name: 'colour', value: 'globex red' });
    },
    globex: ({ repo }) => repo(Setting).findBy({ organizationId: 'ACME' }),
  },
  {
    'does not change it': ({ repo }) =>
      repo(Setting).upsert({ organizationId: 'acme', name: 'colour', value: 'blue' }, ['organizationId', 'name']),
    'does not change it by a builder': ({ repo }) =>
      repo(Setting)
        .createQueryBuilder()
        .insert()
        .values({ organizationId: 'acme', name: 'colour', value: 'blue' })
        .orUpdate(['value'], ['organizationId', 'name'])
        .execute(),
    'does not take it over': ({ repo }) =>
      repo(Setting)
        .createQueryBuilder()
        .insert()
        .values({ organizationId: 'acme', name: 'colour', value: 'blue' })
        .orUpdate(['organizationId', 'value'], ['organizationId', 'name'])
        .execute(),
  },
);

attacks(
  'G-12 an unscoped section that writes over rows',
  {
    entities: () => [Depot, Truck],
    acme,
    sow: async ({ repo }) => {
      await repo(Depot).insert([
        { code: 'a', organizationId: 'acme' },
        { code: 'g', organizationId: 'globex' },
      ]);
      await repo(Truck).insert([
        { organizationId: 'acme', code: 't1', depotCode: 'a' },
        { organizationId: 'globex', code: 't2', depotCode: 'g' },
      ]);
    },
    globex: async ({ repo }) =>
      (await repo(Truck).find({ relations: { depot: true } }))
        .filter(({ organizationId, depot }) => organizationId !== depot.organizationId)
        .map(({ id }) => id),
  },
  {
    'connects no rows of two tenants by an upsert of a key': ({ repo }) =>
      tenancy.unscoped('imports', () =>
        repo(Truck)
          .createQueryBuilder()
          .insert()
          .values({ organizationId: 'acme', code: 't2', depotCode: 'a' })
          .orUpdate(['depotCode'], ['code'])
          .execute(),
      ),
  },
);
