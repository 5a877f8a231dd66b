import { TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  Unique,
} from 'typeorm';
import type { DataSource, Relation } from 'typeorm';
import { tenancy } from './world.js';

/** Its key begins with the tenant, and it is linked to an entity of each kind. */
@Entity()
@TenantScoped()
export class Parcel {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() id!: number;
  @Column({ default: '' }) title!: string;
  @ManyToMany(() => Label, (label) => label.parcels) @JoinTable() labels!: Relation<Label[]>;
  @ManyToMany(() => Depot, (depot) => depot.parcels) @JoinTable() depots!: Relation<Depot[]>;
  @ManyToMany(() => Place, (place) => place.parcels) @JoinTable() places!: Relation<Place[]>;
  @ManyToMany(() => Country, (country) => country.parcels) @JoinTable() countries!: Relation<Country[]>;
  @ManyToMany(() => Parcel, (parcel) => parcel.replacedBy) @JoinTable() replaces!: Relation<Parcel[]>;
  @ManyToMany(() => Parcel, (parcel) => parcel.replaces) replacedBy!: Relation<Parcel[]>;
  @ManyToMany(() => Label)
  @JoinTable({
    name: 'parcel_warning',
    joinColumns: [
      { name: 'org', referencedColumnName: 'organizationId' },
      { name: 'parcel', referencedColumnName: 'id' },
    ],
    inverseJoinColumns: [
      { name: 'org', referencedColumnName: 'organizationId' },
      { name: 'label', referencedColumnName: 'id' },
    ],
  })
  warnings!: Relation<Label[]>;
  @OneToMany(() => Scan, (scan) => scan.parcel) scans!: Relation<Scan[]>;
  @OneToMany(() => Note, (note) => note.parcel) notes!: Relation<Note[]>;
  @OneToOne(() => Receipt, (receipt) => receipt.parcel) receipt!: Relation<Receipt> | null;
  @OneToMany(() => ParcelRoute, (route) => route.parcel) routes!: Relation<ParcelRoute[]>;
}

/** The tenant is a part of its key, too. */
@Entity()
@TenantScoped()
export class Label {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() id!: number;
  @Column({ default: '' }) title!: string;
  @ManyToMany(() => Parcel, (parcel) => parcel.labels) parcels!: Relation<Parcel[]>;
}

/** Its key is one column, and the tenant another one. */
@Entity()
@TenantScoped()
export class Depot {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) title!: string;
  @ManyToMany(() => Parcel, (parcel) => parcel.depots) parcels!: Relation<Parcel[]>;
}

/** Its key has two columns without the tenant. */
@Entity()
@TenantScoped()
export class Place {
  @PrimaryColumn({ length: 20 }) city!: string;
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) title!: string;
  @ManyToMany(() => Parcel, (parcel) => parcel.places) parcels!: Relation<Parcel[]>;
}

/** Shared, with a key of two columns. */
@Entity()
@TenantShared('countries of the world')
export class Country {
  @PrimaryColumn({ length: 20 }) continent!: string;
  @PrimaryColumn() id!: number;
  @Column({ default: '' }) title!: string;
  @ManyToMany(() => Parcel, (parcel) => parcel.countries) parcels!: Relation<Parcel[]>;
}

/** Refers to parcels by a key that shares the tenant column, and by one with columns of its own. */
@Entity()
@TenantScoped()
export class Scan {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() id!: number;
  @Column({ type: 'int', nullable: true }) parcelId!: number | null;
  @ManyToOne(() => Parcel, (parcel) => parcel.scans, { nullable: true })
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'parcelId', referencedColumnName: 'id' },
  ])
  parcel!: Relation<Parcel> | null;
  @ManyToOne(() => Label, { nullable: true })
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'labelId', referencedColumnName: 'id' },
  ])
  label!: Relation<Label> | null;
  @ManyToOne(() => Parcel, { nullable: true }) other!: Relation<Parcel> | null;
}

/** Rows without a tenant are defaults, and the reference shares the tenant column. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
export class Note {
  @PrimaryColumn() id!: number;
  @Column({ type: 'int', nullable: true }) organizationId!: number | null;
  @ManyToOne(() => Parcel, (parcel) => parcel.notes, { nullable: true })
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'parcelId', referencedColumnName: 'id' },
  ])
  parcel!: Relation<Parcel> | null;
}

/** One for a parcel. */
@Entity()
@TenantScoped()
@Unique(['organizationId', 'parcelId'])
export class Receipt {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() id!: number;
  @Column({ type: 'int', nullable: true }) parcelId!: number | null;
  @OneToOne(() => Parcel, (parcel) => parcel.receipt, { nullable: true })
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'parcelId', referencedColumnName: 'id' },
  ])
  parcel!: Relation<Parcel> | null;
}

/** A junction table as an entity of its own, whose sides share the tenant column. */
@Entity()
@TenantScoped()
export class ParcelRoute {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() parcelId!: number;
  @PrimaryColumn() labelId!: number;
  @Column({ default: 0 }) place!: number;
  @ManyToOne(() => Parcel, (parcel) => parcel.routes, { onDelete: 'CASCADE' })
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'parcelId', referencedColumnName: 'id' },
  ])
  parcel!: Relation<Parcel>;
  @ManyToOne(() => Label, { onDelete: 'CASCADE' })
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'labelId', referencedColumnName: 'id' },
  ])
  label!: Relation<Label>;
}

export const COMPOSITE_ENTITIES = [Parcel, Label, Depot, Place, Country, Scan, Note, Receipt, ParcelRoute];

/**
 * Fills the tables alike for Acme (1) and Globex (2), each with rows 1 and 2. Globex has a row 9 of each kind as well. Keys that have
 * no tenant are 91 and 92 for Globex.
 */
export async function fillCompositeKeys(dataSource: DataSource): Promise<void> {
  for (const [organizationId, owner, ids] of [
    [1, 'acme', [1, 2]],
    [2, 'globex', [1, 2, 9]],
  ] as const) {
    await tenancy.run({ organizationId }, async () => {
      for (const id of ids) {
        const title = `${id} of ${owner}`;
        const own = organizationId === 1 ? id : 90 + id;
        await dataSource.getRepository(Parcel).insert({ organizationId, id, title });
        await dataSource.getRepository(Label).insert({ organizationId, id, title });
        await dataSource.getRepository(Depot).insert({ organizationId, id: own, title });
        await dataSource.getRepository(Place).insert({ organizationId, city: 'rome', id: own, title });
      }
    });
  }
  await tenancy.unscoped('countries', () =>
    dataSource.getRepository(Country).insert([
      { continent: 'europe', id: 1, title: 'europe 1' },
      { continent: 'asia', id: 1, title: 'asia 1' },
    ]),
  );
}
