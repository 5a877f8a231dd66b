import { beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped, TenantScopeMissingError, TenantShared } from 'nestjs-muck';
import { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { EntityMetadata, Relation } from 'typeorm';
import { scopeParameter } from '../../../lib/orm/policy/scope-parameters.js';
import { isLimitedNow, mayBeShared, ownRowsCondition, tenantPropertiesOf } from '../../../lib/orm/tenant-columns.js';
import { unconnected } from '../../support/unconnected.js';

declareScope({ tenant: String, branch: Number });
const tenancy = new Tenancy();
const asAcme = <R>(fn: () => R): R => tenancy.run({ tenant: 'acme', branch: 1 }, fn);

class Place {
  @Column() branch!: number;
}
@Entity()
@TenantScoped({ columns: { tenant: 'owner', branch: 'place.branch' } })
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() owner!: string;
  @Column(() => Place) place!: Place;
}
@Entity()
@TenantScoped({ via: 'ticket' })
class Line {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Ticket, { nullable: false }) ticket!: Relation<Ticket>;
}
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Style {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column({ type: Number, nullable: true }) branch!: number | null;
}
@Entity()
@TenantShared('of the world')
class Country {
  @PrimaryGeneratedColumn() id!: number;
}

describe('what other layers ask about an entity', () => {
  let dataSource: DataSource;
  let alone: DataSource;
  const of = (type: new () => object): [DataSource, EntityMetadata] => [dataSource, dataSource.getMetadata(type)];
  const notAttached = (type: new () => object): [DataSource, EntityMetadata] => [alone, dataSource.getMetadata(type)];
  beforeAll(async () => {
    dataSource = await unconnected('sqljs', [Ticket, Line, Style, Country]);
    alone = new DataSource({ type: 'sqljs' });
  });

  it('its tenant properties are those that it has itself', () => {
    expect(tenantPropertiesOf(...of(Ticket))).toEqual(['owner', 'place.branch']);
    for (const type of [Line, Country]) expect(tenantPropertiesOf(...of(type))).toEqual([]);
    expect(tenantPropertiesOf(...notAttached(Ticket))).toEqual([]);
  });

  it('it is limited now if it belongs to tenants and there is a scope', () => {
    for (const type of [Ticket, Line, Style]) {
      expect(asAcme(() => isLimitedNow(...of(type)))).toBe(true);
      expect(() => isLimitedNow(...of(type))).toThrow(TenantScopeMissingError);
      expect(tenancy.unscoped('a test', () => isLimitedNow(...of(type)))).toBe(false);
      expect(isLimitedNow(...notAttached(type))).toBe(false);
    }
    expect(asAcme(() => isLimitedNow(...of(Country)))).toBe(false);
  });

  it('only some of its rows may be written if others may be shared', () => {
    const equals = `"s"."tenant" = :${scopeParameter('tenant')} AND "s"."branch" = :${scopeParameter('branch')}`;
    expect(asAcme(() => ownRowsCondition(...of(Style), 's'))).toBe(equals);
    expect(() => ownRowsCondition(...of(Style), 's')).toThrow(TenantScopeMissingError);
    expect(tenancy.unscoped('a test', () => ownRowsCondition(...of(Style), 's'))).toBeUndefined();
    expect(ownRowsCondition(...notAttached(Style), 's')).toBeUndefined();
    for (const type of [Ticket, Line, Country])
      expect(asAcme(() => ownRowsCondition(...of(type), 's'))).toBeUndefined();
  });

  it('its rows may be shared if NULL says so', () => {
    expect([Style, Ticket, Country].map((type) => mayBeShared(...of(type)))).toEqual([true, false, false]);
    expect(mayBeShared(...notAttached(Style))).toBe(false);
  });
});
