import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { EntityTarget, ObjectLiteral } from 'typeorm';
import {
  COMPOSITE_ENTITIES,
  Country,
  Depot,
  fillCompositeKeys,
  Label,
  Note,
  Parcel,
  ParcelRoute,
  Place,
  Receipt,
  Scan,
} from '../../support/composite-keys.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { tenancy } from '../../support/world.js';

/** A many-to-many relation, a row of its near side and two of its far side. */
interface Linked {
  readonly entity: EntityTarget<ObjectLiteral>;
  readonly relation: string;
  readonly near: ObjectLiteral;
  readonly far: readonly [ObjectLiteral, ObjectLiteral];
}

const key = (id: number): ObjectLiteral => ({ organizationId: 1, id });
const place = (id: number): ObjectLiteral => ({ city: 'rome', id });
const RELATIONS: [string, Linked][] = [
  ['composite to composite', { entity: Parcel, relation: 'labels', near: key(1), far: [key(1), key(2)] }],
  [
    'composite to composite, from the other side',
    { entity: Label, relation: 'parcels', near: key(1), far: [key(1), key(2)] },
  ],
  ['composite to single', { entity: Parcel, relation: 'depots', near: key(1), far: [{ id: 1 }, { id: 2 }] }],
  ['single to composite', { entity: Depot, relation: 'parcels', near: { id: 1 }, far: [key(1), key(2)] }],
  [
    'composite to composite without the tenant',
    { entity: Parcel, relation: 'places', near: key(1), far: [place(1), place(2)] },
  ],
  [
    'composite without the tenant to composite',
    { entity: Place, relation: 'parcels', near: place(1), far: [key(1), key(2)] },
  ],
  [
    'composite to shared composite',
    {
      entity: Parcel,
      relation: 'countries',
      near: key(1),
      far: [
        { continent: 'asia', id: 1 },
        { continent: 'europe', id: 1 },
      ],
    },
  ],
  [
    'shared composite to composite',
    { entity: Country, relation: 'parcels', near: { continent: 'asia', id: 1 }, far: [key(1), key(2)] },
  ],
  ['composite to itself', { entity: Parcel, relation: 'replaces', near: key(1), far: [key(1), key(2)] }],
  [
    'composite to itself, from the other side',
    { entity: Parcel, relation: 'replacedBy', near: key(1), far: [key(1), key(2)] },
  ],
  [
    'composite to composite by columns with names',
    { entity: Parcel, relation: 'warnings', near: key(1), far: [key(1), key(2)] },
  ],
];

describe.each(databasesToTest())('G-02 G-06 keys that hold the tenant on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: COMPOSITE_ENTITIES,
      synchronize: true,
    }).initialize();
    await fillCompositeKeys(dataSource);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const acme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
  const keysOf = (rows: readonly ObjectLiteral[], like: ObjectLiteral): ObjectLiteral[] =>
    rows
      .map((row) => Object.fromEntries(Object.keys(like).map((name) => [name, row[name] as unknown])))
      .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
  const withoutTenant = (row: ObjectLiteral): ObjectLiteral =>
    Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'organizationId'));

  describe.each(RELATIONS)('a many-to-many relation, %s,', (_, { entity, relation, near, far }) => {
    const builder = (
      of: unknown,
    ): ReturnType<ReturnType<DataSource['createQueryBuilder']>['relation']> & {
      of(entity: unknown): {
        add(value: unknown): Promise<void>;
        remove(value: unknown): Promise<void>;
        loadMany<T>(): Promise<T[]>;
      };
    } => dataSource.createQueryBuilder().relation(entity, relation).of(of);
    const stored = async (): Promise<ObjectLiteral[]> => {
      const row = await dataSource
        .getRepository(entity)
        .findOneOrFail({ where: near, relations: { [relation]: true } });
      return keysOf(row[relation] as ObjectLiteral[], far[0]);
    };

    beforeEach(() => acme(async () => builder(near).remove(far)));

    it.each([
      ['whole keys', (row: ObjectLiteral) => row],
      ['keys without the tenant', withoutTenant],
    ])('adds, loads and removes links by %s', async (_form, form) => {
      await acme(async () => {
        await builder(form(near)).add([form(far[0])]);
        await builder(form(near)).add(form(far[1]));
        expect(await stored()).toEqual(far);
        expect(keysOf(await builder(form(near)).loadMany(), far[0])).toEqual(far);
        await builder(form(near)).remove(form(far[0]));
        expect(await stored()).toEqual([far[1]]);
        await builder(form(near)).remove([form(far[1])]);
        expect(await stored()).toEqual([]);
        await builder([form(near)]).add(far.map(form));
        expect(await stored()).toEqual(far);
        await builder(form(near)).remove([]);
        await builder(form(near)).add([]);
        expect(await stored()).toEqual(far);
      });
    });

    it.each([
      ['whole keys', (row: ObjectLiteral) => row],
      ['keys without the tenant', withoutTenant],
    ])('saves links by %s', async (_form, form) => {
      await acme(async () => {
        const repository = dataSource.getRepository(entity);
        await repository.save({ ...form(near), [relation]: far.map(form) });
        expect(await stored()).toEqual(far);
        await repository.save({ ...form(near), [relation]: [form(far[1])] });
        expect(await stored()).toEqual([far[1]]);
        const loaded = await repository.findOneOrFail({ where: near, relations: { [relation]: true } });
        loaded[relation] = [...(loaded[relation] as ObjectLiteral[]), form(far[0])];
        await repository.save(loaded);
        expect(await stored()).toEqual(far);
        await repository.save({ ...form(near), [relation]: [] });
        expect(await stored()).toEqual([]);
      });
    });

    it('loads by a join, by a query, by a condition and as ids', async () => {
      await acme(async () => {
        await builder(near).add([far[0]]);
        const repository = dataSource.getRepository(entity);
        for (const relationLoadStrategy of ['join', 'query'] as const) {
          const rows = await repository.find({ where: near, relations: { [relation]: true }, relationLoadStrategy });
          expect(keysOf(rows[0][relation] as ObjectLiteral[], far[0])).toEqual([far[0]]);
        }
        const joined = await repository
          .createQueryBuilder('row')
          .innerJoinAndSelect(`row.${relation}`, 'linked')
          .where('linked.title <> :title', { title: 'x' })
          .getMany();
        expect(joined.map((row) => keysOf(row[relation] as ObjectLiteral[], far[0]))).toEqual([[far[0]]]);
        expect(await repository.countBy({ [relation]: far[0] })).toBe(1);
        expect(await repository.countBy({ [relation]: far[1] })).toBe(0);
        const [withIds] = await repository.find({ where: near, loadRelationIds: { relations: [relation] } });
        expect(withIds[relation]).toHaveLength(1);
      });
    });
  });

  const scan = (): Promise<Scan> =>
    dataSource
      .getRepository(Scan)
      .findOneOrFail({ where: { id: 1 }, relations: { parcel: true, label: true, other: true } });

  describe('a many-to-one relation', () => {
    beforeEach(() =>
      acme(async () => {
        await dataSource.getRepository(Scan).deleteAll();
        await dataSource.getRepository(Scan).insert({ id: 1 });
      }),
    );

    it.each(['parcel', 'label', 'other'] as const)('%s is written in each way', async (relation) => {
      await acme(async () => {
        const repository = dataSource.getRepository(Scan);
        const expectParcel = async (id: number | undefined): Promise<void> => {
          expect(await scan()).toMatchObject({ organizationId: 1, id: 1 });
          expect((await scan())[relation]?.id).toBe(id);
        };
        await repository.save({ id: 1, [relation]: { id: 2 } });
        await expectParcel(2);
        await repository.save({ id: 1, [relation]: null });
        await expectParcel(undefined);
        await repository.save({ organizationId: 1, id: 1, [relation]: key(1) });
        await expectParcel(1);
        await repository.update({ id: 1 }, { [relation]: key(2) });
        await expectParcel(2);
        await repository.update({ id: 1 }, { [relation]: null });
        await expectParcel(undefined);
        const builder = dataSource.createQueryBuilder().relation(Scan, relation);
        await builder.of({ id: 1 }).set(key(1));
        await expectParcel(1);
        await builder.of({ id: 1 }).set(null);
        await expectParcel(undefined);
        await repository.delete({ id: 1 });
        await repository.insert({ id: 1, [relation]: key(2) });
        await expectParcel(2);
        await repository.delete({ id: 1 });
        await repository.save({ id: 1, [relation]: { id: 1 } });
        await expectParcel(1);
      });
    });

    it('clears one of two references that share the tenant column, and keeps the other one', async () => {
      await acme(async () => {
        const repository = dataSource.getRepository(Scan);
        await repository.save({ id: 1, parcel: { id: 1 }, label: { id: 2 } });
        await repository.save({ id: 1, parcel: null });
        expect(await scan()).toMatchObject({ organizationId: 1, parcel: null, label: { id: 2 } });
        await repository.save({ id: 1, parcel: { id: 2 }, label: null });
        expect(await scan()).toMatchObject({ organizationId: 1, parcel: { id: 2 }, label: null });
      });
    });
  });

  describe('a one-to-many relation', () => {
    beforeEach(() =>
      acme(async () => {
        await dataSource.getRepository(Scan).deleteAll();
        await dataSource.getRepository(Scan).insert([
          { id: 1, parcelId: 1 },
          { id: 2, parcelId: 1 },
          { id: 3, parcelId: 2 },
        ]);
      }),
    );
    const parcels = async (): Promise<(number | null)[]> => {
      const scans = await dataSource.getRepository(Scan).find({ order: { id: 'ASC' } });
      return scans.map(({ parcelId }) => parcelId);
    };

    it('is loaded, added to and removed from', async () => {
      await acme(async () => {
        const builder = dataSource.createQueryBuilder().relation(Parcel, 'scans');
        expect(keysOf(await builder.of(key(1)).loadMany(), key(1))).toEqual([key(1), key(2)]);
        await builder.of({ id: 2 }).add({ id: 2 });
        expect(await parcels()).toEqual([1, 2, 2]);
        await builder.of(key(2)).remove([key(2)]);
        expect(await parcels()).toEqual([1, null, 2]);
        await builder.of({ id: 2 }).remove({ id: 1 });
        expect(await parcels()).toEqual([1, null, 2]);
      });
    });

    it('is saved', async () => {
      await acme(async () => {
        const repository = dataSource.getRepository(Parcel);
        await repository.save({ id: 1, scans: [{ id: 1 }, { id: 2 }, { id: 3 }] });
        expect(await parcels()).toEqual([1, 1, 1]);
        // TypeORM deletes rows that are left out if a column of the reference is not nullable, and the tenant is none.
        await repository.save({ id: 1, scans: [{ id: 1 }] });
        expect(await parcels()).toEqual([1]);
      });
    });
  });

  it('a one-to-one relation is set and cleared from both sides', async () => {
    await acme(async () => {
      const receipts = dataSource.getRepository(Receipt);
      const parcels = async (): Promise<unknown[]> => {
        const rows = await receipts.find({ order: { id: 'ASC' } });
        return rows.map(({ parcelId }) => parcelId);
      };
      await receipts.save([{ id: 1, parcel: { id: 1 } }, { id: 2, parcel: { id: 2 } }, { id: 3 }]);
      expect(await parcels()).toEqual([1, 2, null]);
      const builder = dataSource.createQueryBuilder().relation(Parcel, 'receipt');
      await builder.of({ id: 1 }).set(null);
      expect(await parcels()).toEqual([null, 2, null]);
      await builder.of({ id: 1 }).set({ id: 3 });
      expect(await parcels()).toEqual([null, 2, 1]);
      await dataSource.getRepository(Parcel).save({ id: 1, receipt: null });
      expect(await parcels()).toEqual([null, 2, null]);
      const loaded = await dataSource
        .getRepository(Parcel)
        .find({ relations: { receipt: true }, order: { id: 'ASC' } });
      expect(loaded.map(({ receipt }) => receipt?.id)).toEqual([undefined, 2]);
    });
  });

  it('a junction table as an entity of its own is written and loaded', async () => {
    await acme(async () => {
      const routes = dataSource.getRepository(ParcelRoute);
      await routes.insert({ parcelId: 1, labelId: 2, place: 1 });
      await routes.save({ parcel: { id: 2 }, label: { id: 1 }, place: 2 } as ParcelRoute);
      await routes.save({ parcelId: 1, labelId: 2, place: 3 });
      const parcels = await dataSource
        .getRepository(Parcel)
        .find({ relations: { routes: { label: true } }, order: { id: 'ASC' } });
      expect(parcels.map((parcel) => parcel.routes.map((route) => [route.label.id, route.place]))).toEqual([
        [[2, 3]],
        [[1, 2]],
      ]);
      await routes.remove(await routes.findOneByOrFail({ parcelId: 2, labelId: 1 }));
      await routes.delete({ parcelId: 1 });
      expect(await routes.count()).toBe(0);
    });
  });

  it('a reference that shares the tenant column is cleared, and the row stays its tenant’s', async () => {
    const notes = dataSource.getRepository(Note);
    const tenants = (): Promise<unknown[]> =>
      tenancy.unscoped('looks at all', async () =>
        (await notes.find({ order: { id: 'ASC' } })).map(({ organizationId }) => organizationId),
      );
    await acme(async () => {
      const rows = [1, 2, 3, 4, 5, 6].map((id) => ({ id, parcel: { organizationId: 1, id: 1 } }));
      await notes.insert(rows);
      await notes.update({ id: 1 }, { parcel: null });
      await notes.save({ id: 2, parcel: null });
      await dataSource.createQueryBuilder().relation(Note, 'parcel').of(3).set(null);
      await dataSource.createQueryBuilder().relation(Parcel, 'notes').of(key(1)).remove(4);
      await dataSource.createQueryBuilder().update(Note).set({ parcel: null }).where({ id: 5 }).execute();
      await dataSource.getRepository(Parcel).save({ ...key(1), notes: [] });
    });
    expect(await tenants()).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await acme(() => notes.count({ where: { parcel: { id: 1 } } }))).toBe(0);
    await tenancy.unscoped('clears too', () => notes.update({ id: 1 }, { parcel: null }));
    expect(await tenants()).toEqual([1, 1, 1, 1, 1, 1]);
  });
});
