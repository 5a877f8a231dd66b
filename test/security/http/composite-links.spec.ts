import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { IsArray, IsInt, IsOptional } from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { clientOf } from '../../support/client.js';
import { openCrudDesk, TestGuard } from '../../support/crud-desk.js';
import type { Desk } from '../../support/crud-desk.js';
import { places } from '../../support/places.js';
import { COMPOSITE_ENTITIES, Depot, fillCompositeKeys, Label, Parcel, Scan } from '../../support/composite-keys.js';

class ParcelDto {
  @IsOptional() @IsInt() id?: number;
  @IsOptional() @IsArray() labels?: unknown[];
  @IsOptional() @IsArray() depots?: unknown[];
  @IsOptional() @IsArray() places?: unknown[];
  @IsOptional() @IsArray() replaces?: unknown[];
}
class DepotDto {
  @IsOptional() @IsInt() id?: number;
  @IsOptional() @IsArray() parcels?: unknown[];
}
const RELATIONS = ['labels', 'depots', 'places', 'replaces'];

@Controller('parcels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Parcel, { dto: { create: ParcelDto }, links: ['labels', 'depots', 'places', 'replaces'] })
class ParcelController extends CrudController<Parcel> {}
@Controller('depots')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Depot, { dto: { create: DepotDto }, links: ['parcels'] })
class DepotController extends CrudController<Depot> {}
@Controller('labels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Label, { links: ['parcels'] })
class LabelController extends CrudController<Label> {}

@Controller('scans')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Scan)
class ScanController extends CrudController<Scan> {}

describe.each(places)(
  'G-06 G-07 links to rows of another tenant by keys that hold it on $adapter and $database',
  (place) => {
    let desk: Desk;
    const acme = clientOf(() => desk, '1');

    beforeAll(async () => {
      const controllers = [ParcelController, DepotController, LabelController, ScanController];
      desk = await openCrudDesk(controllers, { ...place, entities: COMPOSITE_ENTITIES });
      await fillCompositeKeys(desk.dataSource);
    });
    afterAll(() => desk?.close());

    /** Links of all junction tables that name a row of Globex. */
    const crossed = async (): Promise<unknown[]> => {
      const escape = (name: string): string => desk.dataSource.driver.escape(name);
      const found: unknown[] = [];
      for (const { isJunction, tableName, columns } of desk.dataSource.entityMetadatas) {
        if (!isJunction) continue;
        const keys = columns.map(({ databaseName }) => `${escape(databaseName)} = 2 OR ${escape(databaseName)} > 90`);
        const rows: unknown[] = await desk.tenancy.unscoped('looks at all', () =>
          desk.dataSource.query(
            `SELECT * FROM ${escape(tableName)} WHERE (${keys.filter((key) => /org|depotId|placeId/i.test(key)).join(' OR ') || '1 = 0'})`,
          ),
        );
        found.push(...rows);
      }
      return found;
    };

    it.each([
      ['labels', { organizationId: 2, id: 9 }],
      ['labels', { organizationId: 2, id: 1 }],
      ['labels', 9],
      ['replaces', { organizationId: 2, id: 9 }],
      ['replaces', { organizationId: 2, id: 1 }],
      ['depots', 99],
      ['depots', { id: 91 }],
      ['places', { city: 'rome', id: 99 }],
    ])('a body with %s %j is answered as one with a missing row', async (relation, theirs) => {
      const missing = { city: 'rome', id: 7777, organizationId: 1 };
      for (const write of [
        (links: unknown[]) => acme.post('/parcels', { id: 55, [relation]: links }),
        (links: unknown[]) => acme.put('/parcels/1', { [relation]: links }),
        (links: unknown[]) => acme.patch('/parcels/1', { [relation]: links }),
      ]) {
        const refused = await write([theirs]);
        expect([refused.status, refused.body.message]).toEqual([
          400,
          [`${relation} refers to a row that does not exist`],
        ]);
        expect((await write([missing])).body).toEqual(refused.body);
        // Beside an own row, too, and linked ones are no exception.
        await acme.put(`/parcels/1/${relation}/${relation === 'places' ? 'rome,1' : 1}`, {});
        expect((await write([{ city: 'rome', id: 1 }, theirs])).status).toBe(400);
      }
      expect(await crossed()).toEqual([]);
    });

    it('a route to a row of another tenant is answered as one to a missing row', async () => {
      for (const relation of RELATIONS) {
        for (const id of relation === 'places'
          ? ['rome,99', 'rome,91', 'rome,7']
          : ['9', '99', '91', '2,9', '2%2C1', '7']) {
          for (const answer of [
            await acme.put(`/parcels/1/${relation}/${id}`, {}),
            await acme.delete(`/parcels/1/${relation}/${id}`),
            await acme.put(`/parcels/9/${relation}/${relation === 'places' ? 'rome,1' : 1}`, {}),
            await acme.put(`/parcels/2,9/${relation}/${relation === 'places' ? 'rome,1' : 1}`, {}),
          ])
            expect([answer.status, answer.body.message]).toEqual([404, 'Not Found']);
        }
      }
      for (const path of ['/depots/91/parcels/1', '/depots/1/parcels/9', '/labels/9/parcels/1', '/labels/1/parcels/9'])
        expect((await acme.put(path, {})).status).toBe(404);
      expect(await crossed()).toEqual([]);
    });

    it('a reference that shares the tenant column names an own row only', async () => {
      expect((await acme.post('/scans', { id: 1, parcelId: 1 })).body).toMatchObject({
        organizationId: 1,
        parcelId: 1,
      });
      for (const refused of [
        await acme.post('/scans', { id: 2, parcelId: 9 }),
        await acme.post('/scans', { id: 2, parcelId: 9, organizationId: 2 }),
        await acme.patch('/scans/1', { parcelId: 9 }),
        await acme.put('/scans/1', { parcelId: 9 }),
      ])
        expect([refused.status, refused.body.message]).toEqual([400, [expect.stringContaining('does not exist')]]);
      expect((await acme.patch('/scans/1', { parcelId: null })).body).toMatchObject({
        organizationId: 1,
        parcelId: null,
      });
      expect((await acme.patch('/scans/1', { parcelId: 2 })).body).toMatchObject({ organizationId: 1, parcelId: 2 });
    });

    it('links of another tenant are neither shown nor taken away', async () => {
      await desk.tenancy.run({ organizationId: 2 }, async () => {
        await desk.dataSource
          .createQueryBuilder()
          .relation(Parcel, 'labels')
          .of({ id: 1 })
          .add([{ id: 1 }, { id: 2 }]);
      });
      const before = await crossed();
      expect(before).toHaveLength(2);
      await acme.patch('/parcels/1', { labels: [] });
      await acme.delete('/parcels/1/labels/1');
      await acme.delete('/parcels/1');
      expect(await crossed()).toEqual(before);
    });
  },
);
