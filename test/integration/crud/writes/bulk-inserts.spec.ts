import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import {
  BeforeInsert,
  Column,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  VersionColumn,
} from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { databasesToTest } from '../../../support/databases.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { statementsSentBy } from '../../../support/sent.js';

/* Lists of new rows that one statement inserts. */

@Entity()
@TenantScoped()
class Driver {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

/** Rows without an organization are shared. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Depot {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'code'])
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 10 }) code!: string;
  @Column({ default: 'waiting' }) status!: string;
  @Column({ type: Date, nullable: true }) due!: Date | null;
  @Column({ type: 'simple-json', nullable: true }) content!: unknown;
  @Column({ type: Number, nullable: true }) driverId!: number | null;
  @ManyToOne(() => Driver) driver!: Relation<Driver> | null;
  @Column({ type: Number, nullable: true }) depotId!: number | null;
  @ManyToOne(() => Depot) depot!: Relation<Depot> | null;
  @Column({ type: Number, nullable: true }) returnOfId!: number | null;
  @ManyToOne(() => Parcel) returnOf!: Relation<Parcel> | null;
  @VersionColumn() version!: number;
}

/** Owned by the tenant of its parcel. */
@Entity()
@TenantScoped({ via: 'parcel' })
class Scan {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() place!: string;
  @Column() parcelId!: number;
  @ManyToOne(() => Parcel, { nullable: false }) parcel!: Relation<Parcel>;
}

/** Keys that clients give. */
@Entity()
@TenantScoped()
class Label {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn({ length: 20 }) name!: string;
  @Column({ default: 0 }) weight!: number;
}

/** Its transformer returns another key at one of its calls. */
const unsteady = { calls: 0, oddCall: 0, oddKey: 0 };
const transformer = {
  to: (value?: number | null) => {
    unsteady.calls += 1;
    return unsteady.calls === unsteady.oddCall ? unsteady.oddKey : value;
  },
  from: (value: number | null) => value,
};

@Entity()
@TenantScoped()
class Trip {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: Number, nullable: true, transformer }) driverId!: number | null;
  @ManyToOne(() => Driver) driver!: Relation<Driver> | null;
}

@Entity()
@TenantScoped()
class Invoice {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() number!: string;

  @BeforeInsert()
  complete(): void {
    this.number = `R-${this.number}`;
  }
}

const controllerOf = (entity: new () => object, path: string): new () => CrudController<object> => {
  @Controller(path)
  @UseGuards(TestGuard)
  @TenantScoped()
  @Crud(entity, { also: ['createMany'] })
  class EntityController extends CrudController<object> {}
  return EntityController;
};

const ENTITIES = [Driver, Depot, Parcel, Scan, Label, Trip, Invoice];

type Row = Readonly<Record<string, unknown>>;

describe.each(databasesToTest())('lists of new rows on %s', (database) => {
  let application: ScopedApplication;
  const own = { driver: 0, depot: 0, parcel: 0 };
  const foreign = { driver: 0, depot: 0, parcel: 0 };
  let shared = 0;
  let code = 0;

  beforeAll(async () => {
    application = await openScopedApplication({
      database,
      entities: ENTITIES,
      controllers: ENTITIES.map((entity) => controllerOf(entity, `${entity.name.toLowerCase()}s`)),
    });
    const { tenancy, dataSource } = application;
    await tenancy.unscoped('sets up', async () => {
      const insert = async (entity: new () => object, row: object): Promise<number> => {
        const { identifiers } = await dataSource.getRepository(entity).insert(row);
        return (identifiers[0] as { readonly id: number }).id;
      };
      for (const [organizationId, ids] of [
        [1, own],
        [2, foreign],
      ] as const) {
        ids.driver = await insert(Driver, { organizationId });
        ids.depot = await insert(Depot, { organizationId });
        ids.parcel = await insert(Parcel, { organizationId, code: 'first' });
      }
      shared = await insert(Depot, { organizationId: null });
    });
  });
  beforeEach(() => {
    code += 100;
  });
  afterAll(() => application.close());

  const create = async (path: string, rows: readonly object[], organization = 1) => {
    const { status, text } = await application.transport.send({
      method: 'POST',
      url: `/${path}/bulk`,
      headers: { 'x-user': `${organization}/1`, 'content-type': 'application/json' },
      body: JSON.stringify(rows),
    });
    return { status, text, body: JSON.parse(text) as readonly Row[] };
  };
  const read = async (path: string): Promise<Row> => {
    const { text } = await application.transport.send({ method: 'GET', url: path, headers: { 'x-user': '1/1' } });
    return JSON.parse(text) as Row;
  };
  const count = (entity: new () => object, where: object): Promise<number> =>
    application.tenancy.unscoped('counts', () => application.dataSource.getRepository(entity).countBy(where));
  const parcels = (...values: readonly object[]): object[] =>
    values.map((value, i) => ({ code: `c${code + i}`, ...value }));

  it('are stored by one statement after a look-up for each entity that they refer to', async () => {
    const rows = (): object[] => {
      code += 10;
      return parcels({ driverId: own.driver }, { driverId: own.driver, depotId: shared }, { depotId: own.depot });
    };
    await create('parcels', rows());
    const statements = await statementsSentBy(application.dataSource, () => create('parcels', rows()));
    const relevant = statements.filter((text) => !text.includes('pg_trigger'));
    if (database === 'sqljs') expect(relevant.length).toBeGreaterThan(3);
    else
      expect(relevant).toEqual([
        expect.stringMatching(/^SELECT .*driver/),
        expect.stringMatching(/^SELECT .*depot/),
        expect.stringMatching(/^INSERT INTO .* RETURNING /),
      ]);
  });

  it('are answered in their order, each as a read answers it', async () => {
    const given = parcels(
      { status: 'lost', due: '2026-02-03T04:05:06.000Z', driverId: own.driver },
      { content: { a: [1, null] } },
      { content: null, due: null, returnOfId: own.parcel },
      { status: "o'clock \\ $1 ? :name DEFAULT" },
    );
    const { status, body } = await create('parcels', given);
    expect(status).toBe(201);
    expect(body).toMatchObject(given);
    for (const row of body) {
      expect(row).toMatchObject({ organizationId: 1, version: 1 });
      expect(await read(`/parcels/${String(row['id'])}`)).toEqual(row);
    }
    expect(body[1]).toMatchObject({ status: 'waiting', due: null, driverId: null });
  });

  it('of one row, and of as many as are allowed, are stored too', async () => {
    for (const length of [1, 100]) {
      code += 1000;
      const { status, body } = await create('parcels', parcels(...Array.from({ length }, () => ({}))));
      expect(status).toBe(201);
      expect(body.map((row) => row['code'])).toEqual(Array.from({ length }, (_, i) => `c${code + i}`));
    }
  });

  it('have the keys that clients give, or UUIDs', async () => {
    const names = ['c', 'a', 'B', 'd'].map((name) => `${name}${code}`);
    const labels = await create(
      'labels',
      names.map((name, weight) => ({ name, weight })),
    );
    expect(labels.body).toEqual(names.map((name, weight) => ({ organizationId: 1, name, weight })));
    const scans = await create(
      'scans',
      ['x', 'y', 'z'].map((place) => ({ place, parcelId: own.parcel })),
    );
    expect(scans.body.map(({ place }) => place)).toEqual(['x', 'y', 'z']);
    for (const row of scans.body) expect(await read(`/scans/${String(row['id'])}`)).toEqual(row);
  });

  it('with a reference to the row of another tenant are refused like those to a missing row, at their element', async () => {
    const before = await count(Parcel, {});
    for (const [property, key] of [
      ['driverId', foreign.driver],
      ['depotId', foreign.depot],
      ['returnOfId', foreign.parcel],
    ] as const) {
      const [theirs, missing] = await Promise.all(
        [key, 987_654].map((value) => create('parcels', parcels({ driverId: own.driver }, { [property]: value }))),
      );
      expect(theirs.status).toBe(400);
      expect(theirs.text).toContain(`[1] ${property}`);
      expect(theirs.text.replaceAll(String(key), '')).toBe(missing.text.replaceAll('987654', ''));
    }
    expect(await count(Parcel, {})).toBe(before);
  });

  it('belong to the tenant of their parent, whose parents alone they may have', async () => {
    const rows = (parcelId: number): object[] => ['in', 'out'].map((place) => ({ place, parcelId }));
    const before = await count(Scan, {});
    const [theirs, missing] = [await create('scans', rows(foreign.parcel)), await create('scans', rows(987_654))];
    expect(theirs.status).toBe(400);
    expect(theirs.text).toBe(missing.text);
    expect(await count(Scan, {})).toBe(before);
  });

  it('with a key that is taken name the elements and store none', async () => {
    await create('parcels', parcels({}));
    const before = await count(Parcel, {});
    const { status, text } = await create('parcels', [
      { code: 'fresh' },
      ...parcels({}),
      { code: 'twice' },
      { code: 'twice' },
    ]);
    expect(status).toBe(409);
    expect(text).toContain('[1] code');
    expect(await count(Parcel, {})).toBe(before);
    // The other tenant may have the same codes.
    expect((await create('parcels', parcels({}), 2)).body).toMatchObject([{ organizationId: 2 }]);
  });

  it('write the key that was checked, whatever a transformer returns the next time', async () => {
    for (let oddCall = 1; oddCall < 20; oddCall++) {
      Object.assign(unsteady, { calls: 0, oddCall, oddKey: foreign.driver });
      const { status, body } = await create('trips', [{ driverId: own.driver }, { driverId: own.driver }]);
      expect([201, 400]).toContain(status);
      if (status === 201) for (const row of body) expect(row['driverId']).toBe(own.driver);
    }
    unsteady.oddCall = 0;
    expect(await count(Trip, { driverId: foreign.driver })).toBe(0);
  });

  it('run the listeners of their entity', async () => {
    const { body } = await create('invoices', [{ number: '1' }, { number: '2' }]);
    expect(body.map((row) => row['number'])).toEqual(['R-1', 'R-2']);
  });
});
