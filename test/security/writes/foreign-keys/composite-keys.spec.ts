import { declareScope } from 'nestjs-muck';
import { attacks } from '../../../support/annex.js';
import type { Annex, AnnexAttempt } from '../../../support/annex.js';
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
} from '../../../support/composite-keys.js';

/*
 * The tenant is a part of primary keys: a link or a reference names a row of Globex by Globex' own number, or by an id that
 * both tenants have. No row of any table may hold a key of Globex that Globex has not written.
 */

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };
const MINE = { organizationId: 1, id: 1 };
const THEIRS = { organizationId: 2, id: 9 };
/** Theirs, by an id that is also one of Acme's. */
const ALIKE = { organizationId: 2, id: 1 };

const sow = async ({ dataSource, repo }: Annex): Promise<void> => {
  await fillCompositeKeys(dataSource);
  await repo(Scan).insert([
    { organizationId: 1, id: 1, parcelId: 1 },
    { organizationId: 2, id: 9, parcelId: 9 },
  ]);
  await repo(Receipt).insert([
    { organizationId: 1, id: 1 },
    { organizationId: 2, id: 9, parcelId: 9 },
  ]);
  await repo(Note).insert([
    { id: 1, organizationId: 1, parcel: { organizationId: 1, id: 1 } },
    { id: 9, organizationId: 2, parcel: { organizationId: 2, id: 9 } },
  ]);
  await repo(ParcelRoute).insert({ organizationId: 2, parcelId: 9, labelId: 9 });
  for (const relation of ['labels', 'warnings', 'replaces'])
    await dataSource.createQueryBuilder().relation(Parcel, relation).of(THEIRS).add(THEIRS);
};

/** All rows that hold a key of Globex. */
const globex = async ({ dataSource }: Annex): Promise<unknown> => {
  const rows: unknown[] = [];
  for (const metadata of dataSource.entityMetadatas) {
    const escape = (name: string): string => dataSource.driver.escape(name);
    const keys = metadata.columns
      .map(({ databaseName }) => databaseName)
      .filter((name) => /org|placeId|depotId/i.test(name));
    if (keys.length === 0) continue;
    const condition = keys.map((name) => `${escape(name)} = 2 OR ${escape(name)} > 90`).join(' OR ');
    const shared = metadata.name === 'Note' ? ` OR ${escape('organizationId')} IS NULL` : '';
    const found: object[] = await dataSource.query(
      `SELECT * FROM ${escape(metadata.tableName)} WHERE ${condition}${shared}`,
    );
    rows.push([metadata.tableName, found.map((row) => JSON.stringify(row)).sort()]);
  }
  return rows;
};

const plan = { entities: () => COMPOSITE_ENTITIES, acme, sow, globex };
const links = ({ dataSource }: Annex, relation: string) => dataSource.createQueryBuilder().relation(Parcel, relation);

/** For a relation of a parcel of Acme's to another tenant's row. */
function linkAttempts(
  relation: string,
  row: object,
  own: object = { organizationId: 1, id: 2 },
): Record<string, AnnexAttempt> {
  return {
    [`${relation}: add of one`]: (annex) => links(annex, relation).of(MINE).add(row),
    [`${relation}: add of several`]: (annex) => links(annex, relation).of([MINE]).add([own, row]),
    [`${relation}: save with the relation`]: ({ repo }) => repo(Parcel).save({ ...MINE, [relation]: [row] }),
    [`${relation}: save of a new row with the relation`]: ({ repo }) =>
      repo(Parcel).save({ organizationId: 1, id: 77, [relation]: [row] }),
    [`${relation}: save of a loaded row with the relation`]: async ({ repo }) => {
      const parcel = await repo(Parcel).findOneOrFail({ where: { id: 1 }, relations: { [relation]: true } });
      Object.assign(parcel, { [relation]: [row] });
      return repo(Parcel).save(parcel);
    },
    [`${relation}: insert into the junction table`]: ({ dataSource }) => {
      const { junctionEntityMetadata: junction } = dataSource
        .getMetadata(Parcel)
        .findRelationWithPropertyPath(relation)!;
      const value = (key: object, columns: NonNullable<typeof junction>['columns']): [string, unknown][] =>
        columns.map(({ databaseName, referencedColumn }) => [databaseName, referencedColumn!.getEntityValue(key)]);
      const { ownerColumns, inverseColumns, tableName } = junction!;
      const values = Object.fromEntries([...value(MINE, ownerColumns), ...value(row, inverseColumns)]);
      return dataSource.createQueryBuilder().insert().into(tableName).values(values).execute();
    },
  };
}

attacks('G-06 a link between rows with keys that hold the tenant', plan, {
  ...linkAttempts('labels', THEIRS),
  ...Object.fromEntries(
    Object.entries(linkAttempts('labels', ALIKE)).map(([name, fn]) => [`${name}, by an id of Acme's`, fn]),
  ),
  ...linkAttempts('warnings', THEIRS),
  ...linkAttempts('replaces', THEIRS),
  ...linkAttempts('replacedBy', THEIRS),
  ...linkAttempts('depots', { organizationId: 2, id: 99 }),
  ...linkAttempts('places', { city: 'rome', id: 99 }, { city: 'rome', id: 2 }),
  'is not added to a row of another tenant': (annex) => links(annex, 'labels').of(THEIRS).add(MINE),
  'is not added to a row of another tenant from the other side': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Label, 'parcels').of(THEIRS).add(MINE),
  'is not added from the other side': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Label, 'parcels').of(MINE).add(THEIRS),
  'is not added from a single key': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Depot, 'parcels').of(1).add(THEIRS),
  'is not added from a key without the tenant': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Place, 'parcels').of({ city: 'rome', id: 1 }).add(THEIRS),
  'is not added from a shared row': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Country, 'parcels').of({ continent: 'asia', id: 1 }).add(THEIRS),
  'is not saved with a row of another tenant': ({ repo }) => repo(Parcel).save({ ...THEIRS, labels: [MINE] }),
  'is not taken from a row of another tenant': (annex) => links(annex, 'labels').of(THEIRS).remove(THEIRS),
  'is not taken from a row of another tenant from the other side': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Label, 'parcels').of(THEIRS).remove(THEIRS),
  'is not taken away by save': ({ repo }) => repo(Parcel).save({ ...THEIRS, labels: [] }),
  'is not loaded of a row of another tenant': (annex) => links(annex, 'labels').of(THEIRS).loadMany(),
  'is not deleted in the junction table': ({ dataSource }) =>
    dataSource.createQueryBuilder().delete().from('parcel_labels_label').where('1 = 1').execute(),
});

attacks('G-06 a reference by a key that holds the tenant', plan, {
  'is not inserted, with columns of its own': ({ repo }) =>
    repo(Scan).insert({ organizationId: 1, id: 7, other: THEIRS }),
  'is not inserted, with columns of its own and an id of Acme’s': ({ repo }) =>
    repo(Scan).insert({ organizationId: 1, id: 7, other: ALIKE }),
  'is not saved, with columns of its own': ({ repo }) => repo(Scan).save({ ...MINE, other: THEIRS }),
  'is not updated, with columns of its own': ({ repo }) => repo(Scan).update({ id: 1 }, { other: ALIKE }),
  'is not set, with columns of its own': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Scan, 'other').of(MINE).set(ALIKE),
  'is not upserted, with columns of its own': ({ repo }) =>
    repo(Scan).upsert({ ...MINE, other: THEIRS }, ['organizationId', 'id']),
  'does not move its row, inserted with another tenant’s': ({ repo }) =>
    repo(Scan).insert({ id: 7, organizationId: 2, parcel: THEIRS }),
  'does not move its row, saved': ({ repo }) => repo(Scan).save({ organizationId: 2, id: 7, parcel: ALIKE }),
  'does not move its row, by the relation that TypeORM reads the tenant from': ({ repo }) =>
    repo(Note).update({ id: 1 }, { parcel: ALIKE }),
  'does not move its row, by save': ({ repo }) => repo(Note).save({ id: 1, parcel: ALIKE }),
  'does not move its row, by set': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Note, 'parcel').of(1).set(ALIKE),
  'does not take a row of another tenant, by add': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Parcel, 'scans').of(MINE).add(THEIRS),
  'does not take a row from another tenant, by remove': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Parcel, 'notes').of(THEIRS).remove(9),
  'does not take a row of another tenant, by set of a one-to-one': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Parcel, 'receipt').of(MINE).set(THEIRS),
  'does not share its row when it is cleared, by update': ({ repo }) => repo(Note).update({ id: 1 }, { parcel: null }),
  'does not share its row when it is cleared, by save': ({ repo }) => repo(Note).save({ id: 1, parcel: null }),
  'does not share its row when it is cleared, by remove': ({ dataSource }) =>
    dataSource.createQueryBuilder().relation(Parcel, 'notes').of(MINE).remove(1),
  'does not share its row when it is left out of a list': ({ repo }) => repo(Parcel).save({ ...MINE, notes: [] }),
  'is not inserted into a junction table of its own': ({ repo }) =>
    repo(ParcelRoute).insert({ organizationId: 2, parcelId: 1, labelId: 1 }),
});
