import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, UseGuards } from '@nestjs/common';
import { IsArray, IsInt, IsOptional, IsString } from 'class-validator';
import { CrossTenant, Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudHooks, RowChanges } from 'nestjs-muck';
import { createResourceDocument } from 'nestjs-muck/openapi';
import { clientOf } from '../../../support/client.js';
import { openCrudDesk, TestGuard } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';
import { COMPOSITE_ENTITIES, Depot, fillCompositeKeys, Parcel } from '../../../support/composite-keys.js';

class ParcelDto {
  @IsOptional() @IsInt() id?: number;
  @IsOptional() @IsString() title?: string;
  @IsOptional() @IsArray() labels?: unknown[];
  @IsOptional() @IsArray() depots?: unknown[];
  @IsOptional() @IsArray() places?: unknown[];
  @IsOptional() @IsArray() countries?: unknown[];
  @IsOptional() @IsArray() replaces?: unknown[];
  @IsOptional() @IsArray() warnings?: unknown[];
}
class DepotDto {
  @IsOptional() @IsInt() id?: number;
  @IsOptional() @IsString() title?: string;
  @IsOptional() @IsArray() parcels?: unknown[];
}
class OrganizationParcelDto extends ParcelDto {
  @IsInt() organizationId!: number;
}

/** What the hooks were told of changed links. */
const told: unknown[] = [];
@Injectable()
class ParcelHooks implements CrudHooks<Parcel> {
  afterUpdate(_row: Parcel, { changes }: RowChanges<Parcel>): void {
    told.push(changes.labels);
  }
}
@Module({ providers: [ParcelHooks] })
class HooksModule {}

const RELATIONS = ['labels', 'depots', 'places', 'countries', 'replaces', 'warnings'] as const;
const include = [...RELATIONS];

@Controller('parcels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Parcel, { dto: { create: ParcelDto }, links: [...RELATIONS], include, hooks: [ParcelHooks] })
class ParcelController extends CrudController<Parcel> {}
@Controller('depots')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Depot, { dto: { create: DepotDto }, links: ['parcels'], include: ['parcels'] })
class DepotController extends CrudController<Depot> {}
@Controller('all-parcels')
@CrossTenant('the support of the platform')
@UseGuards(TestGuard)
@Crud(Parcel, { dto: { create: OrganizationParcelDto }, links: ['labels'], include })
class AllParcelsController extends CrudController<Parcel> {}

/** For each relation two rows of the far side, as a body and as a path name them. */
const FAR: Record<(typeof RELATIONS)[number], readonly [unknown, unknown]> = {
  labels: [{ id: 1 }, { id: 2 }],
  depots: [1, { id: 2 }],
  places: [
    { city: 'rome', id: 1 },
    { city: 'rome', id: 2 },
  ],
  countries: [
    { continent: 'europe', id: 1 },
    { continent: 'asia', id: 1 },
  ],
  replaces: [1, 2],
  warnings: [{ id: 1, organizationId: 1 }, 2],
};
const PATHS: Record<(typeof RELATIONS)[number], readonly [string, string]> = {
  labels: ['1', '2'],
  depots: ['1', '2'],
  places: ['rome,1', 'rome,2'],
  countries: ['europe,1', 'asia,1'],
  replaces: ['1', '2'],
  warnings: ['1', '2'],
};

describe.each(places)('links between rows with keys of several columns on $adapter and $database', (place) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');

  beforeAll(async () => {
    const controllers = [ParcelController, DepotController, AllParcelsController];
    desk = await openCrudDesk(controllers, { ...place, entities: COMPOSITE_ENTITIES, imports: [HooksModule] });
    await fillCompositeKeys(desk.dataSource);
  });
  afterAll(() => desk?.close());

  const linked = async (relation: string, id = 1): Promise<string[]> => {
    const { body } = await acme.get(`/parcels/${id}?include=${relation}`);
    return (body[relation] as { title: string }[]).map(({ title }) => title).sort();
  };
  const titles = (relation: string): string[] =>
    relation === 'countries' ? ['asia 1', 'europe 1'] : ['1 of acme', '2 of acme'];

  describe.each(RELATIONS)('%s', (relation) => {
    beforeEach(async () => {
      expect((await acme.patch('/parcels/1', { [relation]: [] })).status).toBe(200);
    });

    it('are put and deleted one by one', async () => {
      for (const path of PATHS[relation]) {
        for (const _twice of [1, 2]) expect((await acme.put(`/parcels/1/${relation}/${path}`, {})).status).toBe(204);
      }
      expect(await linked(relation)).toEqual(titles(relation));
      for (const path of PATHS[relation]) {
        for (const _twice of [1, 2]) expect((await acme.delete(`/parcels/1/${relation}/${path}`)).status).toBe(204);
      }
      expect(await linked(relation)).toEqual([]);
      expect((await acme.put(`/parcels/1/${relation}/9`, {})).status).toBe(404);
      expect((await acme.put(`/parcels/9/${relation}/${PATHS[relation][0]}`, {})).status).toBe(404);
    });

    it('stand in bodies of POST, PUT and PATCH', async () => {
      const [first, second] = FAR[relation];
      expect((await acme.patch('/parcels/1', { [relation]: [first, second] })).status).toBe(200);
      expect(await linked(relation)).toEqual(titles(relation));
      expect((await acme.patch('/parcels/1', { [relation]: [second] })).status).toBe(200);
      expect(await linked(relation)).toHaveLength(1);
      expect((await acme.put('/parcels/1', { title: '1 of acme', [relation]: [second, first, first] })).status).toBe(
        200,
      );
      expect(await linked(relation)).toEqual(titles(relation));

      const id = 100 + RELATIONS.indexOf(relation);
      const created = await acme.post('/parcels', { id, title: 'new', [relation]: [first, second] });
      expect([created.status, created.body.message]).toEqual([201, undefined]);
      expect(await linked(relation, id)).toEqual(titles(relation));
      const many = await acme.post('/parcels', [{ id: id + 50, title: 'new', [relation]: [second] }]);
      if (many.status === 201) expect(await linked(relation, id + 50)).toHaveLength(1);
    });

    it('are put back as they were read', async () => {
      await acme.patch('/parcels/1', { [relation]: FAR[relation] });
      const { body } = await acme.get(`/parcels/1?include=${relation}`);
      const answer = await acme.put('/parcels/1', body);
      expect([answer.status, answer.body.message]).toEqual([200, undefined]);
      expect(await linked(relation)).toEqual(titles(relation));
    });

    it('are refused where there is no such row, or no such key', async () => {
      const [first] = FAR[relation];
      const missing =
        relation === 'countries'
          ? { continent: 'asia', id: 7 }
          : relation === 'places'
            ? { city: 'oslo', id: 1 }
            : { id: 7 };
      const absent = await acme.patch('/parcels/1', { [relation]: [first, missing] });
      expect([absent.status, absent.body.message]).toEqual([400, [`${relation} refers to a row that does not exist`]]);
      for (const wrong of ['x', {}, { id: 'x' }, { id: null }, null, [1], true]) {
        const refused = await acme.patch('/parcels/1', { [relation]: [wrong] });
        expect([refused.status, refused.body.message[0]]).toEqual([
          400,
          expect.stringContaining(`${relation} must be a list`),
        ]);
      }
      expect(await linked(relation)).toEqual([]);
    });
  });

  it('an entity with one key is linked to one with several', async () => {
    for (const parcels of [[1], [{ id: 2 }], [], [2, { id: 1 }]]) {
      const answer = await acme.patch('/depots/1', { parcels });
      expect([answer.status, answer.body.message]).toEqual([200, undefined]);
      const { body } = await acme.get('/depots/1?include=parcels');
      expect(body.parcels).toHaveLength(parcels.length);
    }
    expect((await acme.delete('/depots/1/parcels/1')).status).toBe(204);
    expect((await acme.put('/depots/1/parcels/1', {})).status).toBe(204);
  });

  it('hooks are told of the keys', async () => {
    told.length = 0;
    await acme.patch('/parcels/2', { labels: [1, { id: 2 }] });
    expect(told).toEqual([[{ id: 1 }, { id: 2 }]]);
  });

  it('over all tenants a key names its tenant', async () => {
    const labels = [{ organizationId: 2, id: 9 }];
    const answer = await acme.patch('/all-parcels/2,9', { labels });
    expect([answer.status, answer.body.message]).toEqual([200, undefined]);
    expect((await acme.get('/all-parcels/2,9?include=labels')).body.labels).toMatchObject(labels);
    expect((await acme.put('/all-parcels/2,9/labels/2,1', {})).status).toBe(204);
    expect((await acme.get('/all-parcels/2,9?include=labels')).body.labels).toHaveLength(2);
    expect((await acme.patch('/all-parcels/2,9', { labels: [{ id: 9 }] })).status).toBe(400);
    // One row connects rows of one tenant only.
    for (const refused of [
      await acme.patch('/all-parcels/2,9', { labels: [{ organizationId: 1, id: 1 }] }),
      await acme.put('/all-parcels/2,9/labels/1,1', {}),
    ])
      expect([400, 403, 409]).toContain(refused.status);
    expect((await acme.get('/all-parcels/2,9?include=labels')).body.labels).toHaveLength(2);
  });

  it('the document says what a body holds', () => {
    const document = createResourceDocument(desk.app, { title: 'Parcels', version: '1' });
    const { properties } = document.components.schemas['ParcelDto'] as unknown as {
      properties: Record<string, unknown>;
    };
    expect(properties['places']).toMatchObject({
      items: {
        type: 'object',
        required: ['city', 'id'],
        properties: { city: { type: 'string' }, id: { type: 'integer' } },
      },
    });
    expect(properties['labels']).toMatchObject({
      items: { anyOf: [{ type: 'integer' }, { type: 'object', required: ['id'] }] },
    });
  });
});
