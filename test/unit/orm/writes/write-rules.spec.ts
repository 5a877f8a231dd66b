import { beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  Column,
  Entity,
  EntityNotFoundError,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
} from 'typeorm';
import type { DataSource, JoinColumnOptions, ObjectLiteral, Relation } from 'typeorm';
import { buildStatement } from '../../../../lib/orm/writes/statement-context.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ organizationId: Number, branchId: Number });
const tenancy = new Tenancy();

/** The columns of a reference to an album, whose key holds the tenant. */
const albumKey = (tenant: string, number: string): JoinColumnOptions[] => [
  { name: tenant, referencedColumnName: 'organizationId' },
  { name: number, referencedColumnName: 'number' },
];

@Entity()
@TenantScoped({ omit: ['branchId'] })
class Album {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() number!: number;
}

/** The tenant is no property of its own in the embedded object. */
class Place {
  @Column({ nullable: true }) room!: string;
  @ManyToOne(() => Album, { lazy: true })
  @JoinColumn(albumKey('tenant', 'number'))
  album!: Promise<Relation<Album> | null>;
}

@Entity()
@TenantScoped({ omit: ['branchId'] })
class Print {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Album)
  @JoinColumn(albumKey('organizationId', 'firstNumber'))
  first!: Relation<Album> | null;
  @ManyToOne(() => Album)
  @JoinColumn(albumKey('organizationId', 'secondNumber'))
  second!: Relation<Album> | null;
  @ManyToOne(() => Album)
  @JoinColumn(albumKey('thirdTenant', 'thirdNumber'))
  third!: Relation<Album> | null;
  @Column(() => Place) place!: Place;
}

@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Preset {
  @PrimaryColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column({ type: Number, nullable: true }) branchId!: number | null;
}

/** Rows of no branch are those of all branches, and have an organization. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Rate {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @Column({ type: Number, nullable: true }) branchId!: number | null;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'branchId', 'code'])
class Desk {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() branchId!: number;
  @Column() code!: string;
}

/** Tenants have auto-increment keys. */
@Entity()
@TenantScoped({ columns: { organizationId: 'id' }, omit: ['branchId'] })
class Organization {
  @PrimaryGeneratedColumn() id!: number;
  @Column() name!: string;
}

describe('a row that is inserted', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('postgres', [Album, Print, Preset, Rate, Desk, Organization]);
  });
  const insert = (entity: new () => ObjectLiteral, values: object): unknown[] =>
    dataSource.createQueryBuilder().insert().into(entity).values(values).getQueryAndParameters()[1];
  const update = (entity: new () => ObjectLiteral, values: object): string =>
    dataSource.createQueryBuilder().update(entity).set(values).getQuery();
  const inAcme = (values: object): unknown[] =>
    tenancy.run({ organizationId: 1, branchId: 3 }, () => insert(Print, { id: 5, ...values }));
  const one = { organizationId: 1, number: 7 };
  const other = { organizationId: 2, number: 7 };

  it('refers to no row by another tenant, whichever of its references says so', () => {
    expect(inAcme({ first: one, second: one })).toEqual([5, 1, 7, 7]);
    for (const values of [
      { first: other },
      { second: other },
      { first: one, second: other },
      { first: other, second: one },
    ])
      expect(() => inAcme(values)).toThrow('Print.organizationId is the key of another tenant');
  });

  it('has the current tenant where a reference leaves it out, or is none', () => {
    for (const tenant of [{}, { organizationId: undefined }, { organizationId: null }])
      expect(inAcme({ first: one, second: { number: 8, ...tenant } })).toEqual([5, 1, 7, 8]);
    expect(inAcme({ first: null, second: undefined })).toEqual([5, 1, null]);
  });

  it('may name a tenant in a column that is not its own tenant', () => {
    expect(inAcme({ third: other })).toEqual([5, 1, 2, 7]);
  });

  it('may name the current tenant in each form in which drivers return it, and in no other', () => {
    const inDesk = (organizationId: unknown): unknown =>
      tenancy.run({ organizationId: 1, branchId: 3 }, () => insert(Desk, { organizationId, code: 'x' }));
    for (const same of [1, '1', 1n]) expect(inDesk(same)).toEqual([1, 3, 'x']);
    for (const other of [2, '2', 2n, '01', true, { toString: () => '1' }, [1]])
      expect(() => inDesk(other)).toThrow('Desk.organizationId is the key of another tenant');
  });

  it('is shared, or has a whole tenant', () => {
    const unscoped = (values: object): unknown =>
      tenancy.unscoped('imports', () => insert(Preset, { id: 5, ...values }));
    const partly =
      'a write of Preset sets only some of its tenant columns. Set organizationId, branchId together: to values, or all to null';
    expect(unscoped({ organizationId: 1, branchId: 3 })).toEqual([5, 1, 3]);
    expect(unscoped({ organizationId: null, branchId: null })).toEqual([5, null, null]);
    expect(() => unscoped({ organizationId: 1, branchId: null })).toThrow(partly);
    expect(() => unscoped({ organizationId: null, branchId: 3 })).toThrow(partly);
    for (const values of [{ organizationId: 1 }, { branchId: 3 }, { organizationId: null }])
      expect(() => tenancy.unscoped('imports', () => update(Preset, values))).toThrow(partly);
  });

  it('of all tenants has no tenant that may not be NULL', () => {
    const unscoped = (values: object): unknown => tenancy.unscoped('imports', () => insert(Rate, values));
    const give = (property: string): string => `has no tenant: set ${property}`;
    expect(unscoped({ organizationId: 1, branchId: null })).toEqual([1, null]);
    expect(() => unscoped({ organizationId: null, branchId: 3 })).toThrow(give('organizationId'));
    expect(() => unscoped({ organizationId: 1 })).toThrow(give('branchId, or null for a row shared by all tenants'));
  });

  it('keeps the keys that it has when a part of its tenant is set, and they are read', () => {
    const reads = (values: object): unknown =>
      tenancy.unscoped('imports', () =>
        buildStatement((rendering) => {
          update(Rate, values);
          return rendering.unscoped.map(({ readsKeys }) => readsKeys);
        }),
      );
    expect(reads({ branchId: 4 })).toEqual([true]);
    expect(reads({ organizationId: 2 })).toEqual([true]);
    expect(reads({ id: '00000000-0000-4000-8000-000000000000' })).toEqual([false]);
  });

  it('is a new tenant if its key is auto-increment', () => {
    expect(tenancy.unscoped('imports', () => insert(Organization, { name: 'x' }))).toEqual(['x']);
  });

  it('may bring its key in a scope, unless it is auto-increment', () => {
    const id = '00000000-0000-4000-8000-000000000000';
    const inBranch = (entity: new () => ObjectLiteral, values: object): unknown =>
      tenancy.run({ organizationId: 1, branchId: 3 }, () => insert(entity, values));
    expect(inBranch(Rate, { id })).toEqual([id, 1, 3]);
    expect(() => inBranch(Organization, { id: 1, name: 'x' })).toThrow(EntityNotFoundError);
    for (const none of [null, undefined]) expect(inBranch(Desk, { id: none, code: 'x' })).toEqual([1, 3, 'x']);
  });

  it('is met by an upsert over its whole tenant only', () => {
    const upsert = (columns: string[]): string =>
      tenancy.run({ organizationId: 1, branchId: 3 }, () =>
        dataSource
          .createQueryBuilder()
          .insert()
          .into(Desk)
          .values({ code: 'x' })
          .orUpdate(['code'], columns)
          .getQuery(),
      );
    expect(upsert(['organizationId', 'branchId', 'code'])).toContain('ON CONFLICT');
    for (const part of ['organizationId', 'branchId'])
      expect(() => upsert([part, 'code'])).toThrow('put the tenant column into the conflict target');
  });
});
