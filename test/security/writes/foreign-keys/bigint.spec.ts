import { declareScope, TenantScoped } from 'nestjs-muck';
import { Column, Entity, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { attacks } from '../../../support/annex.js';
import type { AnnexPlan } from '../../../support/annex.js';

declareScope({ organizationId: Number });

/** Two numbers that are equal when compared as floating point numbers. */
const OWN = '9007199254740992';
const FOREIGN = '9007199254740993';

@Entity()
@TenantScoped()
class Parcel {
  @PrimaryColumn({ type: 'bigint' }) id!: string;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class Delivery {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Parcel) parcel!: Relation<Parcel>;
}

/** Parcels of two tenants, and which deliveries refer to the foreign one. */
const plan = (own: string, foreign: string): AnnexPlan => ({
  entities: () => [Parcel, Delivery],
  acme: { organizationId: 1 },
  sow: async ({ repo }) => {
    await repo(Parcel).insert([
      { id: own, organizationId: 1 },
      { id: foreign, organizationId: 2 },
    ]);
  },
  globex: ({ dataSource }) => {
    const [table, column] = ['delivery', 'parcelId'].map((name) => dataSource.driver.escape(name));
    return dataSource.query(`SELECT id FROM ${table} WHERE CAST(${column} AS char(20)) = '${foreign}'`);
  },
});

attacks('G-06 a key beyond the numbers that are exact', plan(OWN, FOREIGN), {
  'is checked exactly': ({ repo }) => repo(Delivery).insert({ organizationId: 1, parcel: { id: FOREIGN } }),
  'is checked exactly among others': ({ repo }) =>
    repo(Delivery).insert([
      { organizationId: 1, parcel: { id: OWN } },
      { organizationId: 1, parcel: { id: FOREIGN } },
    ]),
  'is checked exactly in an update': async ({ repo }) => {
    await repo(Delivery).insert({ organizationId: 1, parcel: { id: OWN } });
    return repo(Delivery).update({ organizationId: 1 }, { parcel: { id: FOREIGN } });
  },
});

attacks('G-06 a key that an own one is rounded to', plan(FOREIGN, OWN), {
  'is checked exactly among others': ({ repo }) =>
    repo(Delivery).insert([
      { organizationId: 1, parcel: { id: FOREIGN } },
      { organizationId: 1, parcel: { id: OWN } },
    ]),
});
