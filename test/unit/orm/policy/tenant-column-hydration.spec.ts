import { beforeAll, describe, expect, it } from '@jest/globals';
import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { ObjectLiteral, Relation } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { readTenantFromRow } from '../../../../lib/orm/policy/tenant-column-hydration.js';
import { unconnected } from '../../../support/unconnected.js';

@Entity()
class Organization {
  @PrimaryColumn() id!: number;
}
@Entity()
class Office {
  @PrimaryColumn() tenant!: number;
  @PrimaryColumn() id!: number;
}
class Place {
  @Column() tenant!: number;
  @ManyToOne(() => Office)
  @JoinColumn([
    { name: 'tenant', referencedColumnName: 'tenant' },
    { name: 'officeId', referencedColumnName: 'id' },
  ])
  office!: Relation<Office>;
}
@Entity()
class Room extends Place {
  @PrimaryGeneratedColumn() id!: number;
}
@Entity()
class Desk {
  @PrimaryGeneratedColumn() id!: number;
  @Column(() => Place, { prefix: false }) place!: Place;
}
@Entity()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: number;
  @ManyToOne(() => Organization) @JoinColumn({ name: 'tenant' }) organization!: Relation<Organization>;
}
/** No property holds its tenant. */
@Entity()
class Shelf {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Office)
  @JoinColumn([
    { name: 'tenant', referencedColumnName: 'tenant' },
    { name: 'officeId', referencedColumnName: 'id' },
  ])
  office!: Relation<Office>;
}
@Entity()
class Plain {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: number;
}

type Type = new () => object;

async function tenantColumn(entity: Type): Promise<ColumnMetadata> {
  const dataSource = await unconnected('sqljs', [Organization, Office, Room, Desk, Ticket, Shelf, Plain]);
  const { columns } = dataSource.getMetadata(entity);
  return columns.find(({ databaseName }) => databaseName === 'tenant')!;
}
const isOwn = (column: ColumnMetadata): boolean => Object.hasOwn(column, 'getEntityValue');

describe('a tenant column that is a part of a reference', () => {
  describe.each<[string, Type, (values: ObjectLiteral) => ObjectLiteral]>([
    ['of an entity', Room, (values) => values],
    ['of an embedded object', Desk, (place) => ({ place })],
  ])('%s', (_of, entity, row) => {
    let column: ColumnMetadata;
    beforeAll(async () => {
      column = await tenantColumn(entity);
      readTenantFromRow(column);
    });
    const read = (values: ObjectLiteral): unknown => column.getEntityValue(row(values)) as unknown;

    it('is read from the row itself', () => {
      expect(read({ tenant: 1 })).toBe(1);
      expect(read({ tenant: 1, office: { tenant: 2, id: 3 } })).toBe(1);
      expect(read({ tenant: 'acme', office: null })).toBe('acme');
      expect(read({ tenant: 0, office: { tenant: 2, id: 3 } })).toBe(0);
    });

    it('is read from the row that it refers to where the row does not tell it', () => {
      expect(read({ office: { tenant: 2, id: 3 } })).toBe(2);
      expect(read({ tenant: undefined, office: { tenant: 2, id: 3 } })).toBe(2);
      expect(read({ tenant: null, office: { tenant: 2, id: 3 } })).toBe(2);
      expect(read({ tenant: { tenant: 4, id: 5 }, office: { tenant: 2, id: 3 } })).toBe(2);
    });

    it('is none where nothing tells it', () => {
      expect(read({})).toBeUndefined();
      expect(read({ office: {} })).toBeUndefined();
    });

    it('is a part of the key of the row', () => {
      expect(column.getEntityValueMap(row({ tenant: 1 }))).toEqual(row({ tenant: 1 }));
      expect(column.getEntityValueMap(row({ office: { tenant: 2, id: 3 } }))).toEqual(row({ tenant: 2 }));
      expect(column.getEntityValueMap(row({}))).toBeUndefined();
    });

    it('is none of no row', () => {
      expect(column.getEntityValue(undefined as never)).toBeUndefined();
      expect(column.getEntityValue(null as never)).toBeNull();
    });
  });

  it.each([{}, { place: null }, { place: undefined }, { place: 'tenant' }])(
    'of an embedded object that is not there is none: %j',
    async (row) => {
      const column = await tenantColumn(Desk);
      readTenantFromRow(column);
      expect(column.getEntityValue(row)).toBeUndefined();
    },
  );

  it('is read so once, however often its policy is made', async () => {
    const column = await tenantColumn(Room);
    readTenantFromRow(column);
    const { getEntityValue } = column;
    readTenantFromRow(column);
    expect(column.getEntityValue).toBe(getEntityValue);
  });
});

describe('a tenant column is read as by TypeORM', () => {
  it.each<[string, Type]>([
    ['is no part of a reference', Plain],
    ['is the whole of a reference', Ticket],
    ['has no property', Shelf],
  ])('if it %s', async (_why, entity) => {
    const column = await tenantColumn(entity);
    readTenantFromRow(column);
    expect(isOwn(column)).toBe(false);
  });
});
