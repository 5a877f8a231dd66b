import type { Type } from '@nestjs/common';
import { TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryGeneratedColumn,
  RelationId,
  UpdateDateColumn,
} from 'typeorm';
import type { ColumnOptions, RelationOptions } from 'typeorm';
import { ClassMaker } from './class-maker.js';

/** Whose the rows of an entity are, and by which columns that is said. */
export type Owner =
  /** `tenantId`, from a base class. */
  | 'tenant'
  /** `tenantId` and, beside it, an optional `organizationId`, from a base class that extends that one. */
  | 'organization'
  /** Shared: all tenants read them. */
  | 'shared'
  /** A parent's; the entity has no tenant column. */
  | 'parent';

export type Key = 'uuid' | 'increment';
export type OnDelete = 'CASCADE' | 'SET NULL' | 'RESTRICT' | 'NO ACTION';

export const ON_DELETE: readonly OnDelete[] = ['CASCADE', 'SET NULL', 'RESTRICT', 'NO ACTION'];

/** Converts decimals, which drivers give as texts, to numbers. */
export const numeric = {
  to: (value: number | null | undefined): number | null | undefined => value,
  from: (value: string | number | null): number | null => (value === null ? null : Number(value)),
};

/** Keeps texts in lower case. It fails on everything that is no text, as such functions do. */
export const lowerCase = {
  to: (value: string): string => value.toLowerCase(),
  from: (value: string): string => value,
};

/** The classes of the application by name, and how they are declared. */
export class Model {
  private readonly makers = new Map<string, ClassMaker>();
  private readonly entityNames: string[] = [];
  private readonly bases: Record<'tenant' | 'organization' | 'shared', Record<Key, ClassMaker>>;

  constructor() {
    const keys: Key[] = ['uuid', 'increment'];
    const shared = byKey(keys, (key) => this.base(key));
    const tenant = byKey(keys, (key) => this.tenantBase(shared[key]));
    const organization = byKey(keys, (key) => this.organizationBase(tenant[key]));
    this.bases = { shared, tenant, organization };
  }

  /** All entities and views, in the order in which they were declared. */
  get entities(): Type<object>[] {
    return this.entityNames.map((name) => this.type(name));
  }

  type(name: string): Type<object> {
    return this.maker(name).type;
  }

  maker(name: string): ClassMaker {
    const maker = this.makers.get(name);
    if (maker === undefined) throw new Error(`The model has no class ${name}.`);
    return maker;
  }

  /** Refers to a class that may be declared later. */
  to(name: string): () => Type<object> {
    return () => this.type(name);
  }

  /** Declares an entity over the base class for its owner. */
  entity(name: string, owner: Owner, key: Key = 'uuid', ...decorators: ClassDecorator[]): ClassMaker {
    const maker = new ClassMaker(name, this.bases[owner === 'parent' ? 'shared' : owner][key]);
    maker.decorate(Entity(), ...decorators);
    if (owner === 'shared') maker.decorate(TenantShared('reference data of the platform'));
    return this.add(maker);
  }

  /** Takes a class that is no entity over one of the base classes: a view, a child of a table, the table of tenants. */
  add(maker: ClassMaker): ClassMaker {
    if (this.makers.has(maker.name)) throw new Error(`The model has two classes ${maker.name}.`);
    this.makers.set(maker.name, maker);
    this.entityNames.push(maker.name);
    return maker;
  }

  /** A many-to-one relation with the column of its key beside it, and a list on the far side. */
  belongsTo(
    maker: ClassMaker,
    property: string,
    target: string,
    {
      inverse,
      relationId = false,
      design = String,
      ...options
    }: RelationOptions & { inverse?: string; relationId?: boolean; design?: unknown } = {},
  ): void {
    const { nullable = true } = options;
    maker.field(
      property,
      Object,
      inverse === undefined
        ? ManyToOne(this.to(target), { nullable, ...options })
        : ManyToOne(this.to(target), inverse, { nullable, ...options }),
      JoinColumn({ name: `${property}Id` }),
    );
    maker.field(
      `${property}Id`,
      nullable ? Object : design,
      ...(relationId ? [RelationId((row: object) => Reflect.get(row, property) as object)] : []),
      Index(),
      Column({ type: design === Number ? 'int' : 'varchar', nullable }),
    );
    if (inverse !== undefined) this.maker(target).field(inverse, Array, OneToMany(this.to(maker.name), property));
  }

  /** A one-to-one relation whose key this entity holds. */
  hasOne(maker: ClassMaker, property: string, target: string, options: RelationOptions, inverse?: string): void {
    const { nullable = true } = options;
    maker.field(
      property,
      Object,
      inverse === undefined
        ? OneToOne(this.to(target), { nullable, ...options })
        : OneToOne(this.to(target), inverse, { nullable, ...options }),
      JoinColumn({ name: `${property}Id` }),
    );
    maker.field(`${property}Id`, nullable ? Object : String, Column({ type: 'varchar', nullable }));
    if (inverse !== undefined) this.maker(target).field(inverse, Object, OneToOne(this.to(maker.name), property));
  }

  /** A many-to-many relation; `inverse` declares the list on the far side, `both` its own junction table too. */
  linksTo(
    maker: ClassMaker,
    property: string,
    target: string,
    { inverse, both = false }: { inverse?: string; both?: boolean } = {},
  ): void {
    const far = this.maker(target);
    const link = inverse === undefined ? ManyToMany(this.to(target)) : ManyToMany(this.to(target), inverse);
    maker.field(property, Array, link, JoinTable());
    if (inverse === undefined) return;
    far.field(inverse, Array, ManyToMany(this.to(maker.name), property), ...(both ? [JoinTable()] : []));
  }

  /** Who created, changed and deleted a row, each a user. */
  audited(maker: ClassMaker, onDelete: readonly [OnDelete, OnDelete, OnDelete]): void {
    ['createdBy', 'updatedBy', 'deletedBy'].forEach((property, i) => {
      this.belongsTo(maker, property, 'User', { onDelete: onDelete[i] });
    });
  }

  private base(key: Key): ClassMaker {
    const maker = new ClassMaker('BaseEntity');
    if (key === 'uuid') maker.field('id', String, PrimaryGeneratedColumn('uuid'));
    else maker.field('id', Number, PrimaryGeneratedColumn());
    return maker
      .field('createdAt', Date, CreateDateColumn())
      .field('updatedAt', Date, UpdateDateColumn())
      .field('isActive', Boolean, Column({ default: true }))
      .field('archivedAt', Object, Column({ type: Date, nullable: true }));
  }

  private tenantBase(parent: ClassMaker): ClassMaker {
    return new ClassMaker('TenantBaseEntity', parent)
      .field('tenant', Object, ManyToOne(this.to('Tenant'), { nullable: false, onDelete: 'CASCADE' }), JoinColumn())
      .field(
        'tenantId',
        String,
        RelationId((row: { tenant: object }) => row.tenant),
        Index(),
        Column(),
      )
      .decorate(TenantScoped());
  }

  private organizationBase(parent: ClassMaker): ClassMaker {
    return new ClassMaker('TenantOrganizationBaseEntity', parent)
      .field(
        'organization',
        Object,
        ManyToOne(this.to('Organization'), { nullable: true, onUpdate: 'CASCADE', onDelete: 'CASCADE' }),
        JoinColumn(),
      )
      .field(
        'organizationId',
        Object,
        RelationId((row: { organization: object }) => row.organization),
        Index(),
        Column({ type: 'varchar', nullable: true }),
      );
  }
}

/** A column by its TypeORM options; the class that stands in `design:type` is Object where the property may be null, as compilers write it. */
export function column(maker: ClassMaker, property: string, designType: unknown, options: ColumnOptions): void {
  maker.field(property, options.nullable === true ? Object : designType, Column(options));
}

export function softDeleted(maker: ClassMaker): void {
  maker.field('deletedAt', Object, DeleteDateColumn({ nullable: true }));
}

function byKey<V>(keys: readonly Key[], make: (key: Key) => V): Record<Key, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<Key, V>;
}
