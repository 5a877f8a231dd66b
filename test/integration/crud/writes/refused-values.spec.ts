import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, DeleteDateColumn, Entity, Index, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { ColumnType, Relation } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { databasesToTest } from '../../../support/databases.js';
import type { DatabaseKind } from '../../../support/databases.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';

@Entity('device')
@TenantScoped()
@Index('device_serial', ['organizationId', 'serial'], { unique: true, where: '"deletedAt" IS NULL' })
class Device {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'varchar', length: 40, nullable: true }) serial!: string | null;
  @Column({ type: 'simple-json', nullable: true }) meta!: unknown;
  @Column({ type: 'simple-array', nullable: true }) labels!: string[] | null;
  /** Only the database has its foreign key. */
  @Column({ type: 'int', nullable: true }) modelId!: number | null;
  /** Here TypeORM knows it too. */
  @ManyToOne(() => Device) parent!: Relation<Device> | null;
  @Column({ type: Number, nullable: true }) parentId!: number | null;
  @DeleteDateColumn() deletedAt!: Date | null;
}

class DeviceDto {
  @IsOptional() @IsString() serial?: string;
}

@Controller('devices')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Device, { search: ['serial'], filter: ['serial', 'labels'], also: ['restore', 'createMany'] })
class DevicesController extends CrudController<Device> {}

@Controller('typed-devices')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Device, { dto: { create: DeviceDto } })
class TypedDevicesController extends CrudController<Device> {}

const NUL = 'must not contain the character NUL (U+0000)';
const SURROGATE = 'must not contain a surrogate without its pair';

describe.each(places)('a value that is refused, on $adapter and $database', ({ adapter, database }) => {
  let world: ScopedApplication;
  const send = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: string) => {
    const { status, text } = await world.transport.send({
      method,
      url,
      headers: { 'x-user': '1', ...(body !== undefined && { 'content-type': 'application/json' }) },
      body,
    });
    return { status, body: (text === '' ? {} : JSON.parse(text)) as { id: number; message: string[] } };
  };
  const messageOf = async (...request: Parameters<typeof send>): Promise<unknown[]> => {
    const { status, body } = await send(...request);
    return [status, ...[body.message].flat()];
  };
  const run = (sql: string): Promise<unknown> => world.tenancy.unscoped('a test', () => world.dataSource.query(sql));

  beforeAll(async () => {
    world = await openScopedApplication({
      adapter,
      database,
      entities: [Device],
      controllers: [DevicesController, TypedDevicesController],
    });
  });
  afterAll(() => world?.close());

  it('NUL and lone surrogates are named as such, in bodies of entities and DTOs', async () => {
    for (const [text, told] of [
      ['a\\u0000b', NUL],
      ['a\\ud800', SURROGATE],
      ['\\udc00', SURROGATE],
    ]) {
      for (const path of ['/devices', '/typed-devices']) {
        expect(await messageOf('POST', path, `{"serial":"${text}"}`)).toEqual([400, `serial ${told}`]);
      }
      expect(await messageOf('POST', '/devices/bulk', `[{"serial":"${text}"}]`)).toEqual([400, `[0] serial ${told}`]);
      expect(await messageOf('POST', '/devices', `{"labels":["x","${text}"]}`)).toEqual([400, `labels ${told}`]);
    }
    expect(await messageOf('POST', '/devices', '{"meta":{"a":["x\\u0000"]}}')).toEqual([400, `meta ${NUL}`]);
    expect(await messageOf('POST', '/devices', '{"meta":{"a\\u0000":1}}')).toEqual([400, `meta ${NUL}`]);
    expect((await send('POST', '/devices', '{"serial":"\\ud83d\\ude00"}')).status).toBe(201);
  });

  it('and in filters and search', async () => {
    const filters = (value: unknown, key = 'serial') =>
      `filters=${encodeURIComponent(JSON.stringify({ [key]: value }))}`;
    for (const [query, told] of [
      ['serial=a%00', `serial ${NUL}`],
      ['serial__icontains=a%00', `serial__icontains ${NUL}`],
      ['serial__in=a,b%00', `serial__in ${NUL}`],
      ['search=a%00', `search ${NUL}`],
      [filters('\ud800'), `serial ${SURROGATE}`],
      [filters('\ud800', 'serial__contains'), `serial__contains ${SURROGATE}`],
    ]) {
      expect(await messageOf('GET', `/devices?${query}`)).toEqual([400, told]);
    }
  });

  it('a restore names the field whose value another row has by now', async () => {
    if (database === 'mariadb') {
      // There are no partial indexes.
      await run('ALTER TABLE device ADD alive int GENERATED ALWAYS AS (IF(deletedAt IS NULL, 1, NULL)) STORED');
      await run('DROP INDEX device_serial ON device');
      await run('CREATE UNIQUE INDEX device_serial ON device (organizationId, serial, alive)');
    }
    const { body } = await send('POST', '/devices', '{"serial":"S-1"}');
    expect((await send('DELETE', `/devices/${body.id}`)).status).toBe(204);
    expect((await send('POST', '/devices', '{"serial":"S-1"}')).status).toBe(201);
    expect(await messageOf('POST', `/devices/${body.id}/restore`)).toEqual([409, 'serial must be unique']);
  });

  it('an insert with a foreign key that only the database knows is a 400, without a word of other rows', async () => {
    if (database === 'sqljs') return;
    await run('CREATE TABLE model (id int PRIMARY KEY)');
    await run(
      database === 'mariadb'
        ? 'ALTER TABLE device ADD CONSTRAINT device_model FOREIGN KEY (modelId) REFERENCES model (id)'
        : 'ALTER TABLE device ADD CONSTRAINT device_model FOREIGN KEY ("modelId") REFERENCES model (id)',
    );
    const told = [400, 'modelId refers to a row that does not exist'];
    const { body } = await send('POST', '/devices', '{"serial":"S-2"}');
    for (const values of ['{"modelId":4711}', `{"modelId":4711,"parentId":${body.id}}`]) {
      expect(await messageOf('POST', '/devices', values)).toEqual(told);
      expect(await messageOf('PATCH', `/devices/${body.id}`, values)).toEqual(told);
    }
  });
});

/** Types whose values only the database can check, and one that each refuses. */
const TYPES: Readonly<Record<string, readonly (readonly [type: ColumnType, value: unknown, length?: number])[]>> = {
  postgres: [
    ['inet', 'not-an-address'],
    ['cidr', '10.0.0.1/8'],
    ['macaddr', 'x'],
    ['interval', 'soon'],
    ['int4range', '[5,1)'],
    ['tstzrange', 'x'],
    ['datemultirange', '{x}'],
    ['hstore', '=>'],
    ['tsvector', "'a"],
    ['xml', '<'],
    ['bit', '11', 3],
    ['money', 'x'],
    ['jsonpath', '$['],
    ['ltree', '!'],
  ],
  mariadb: [
    ['inet6', 'x'],
    ['inet4', 'x'],
    ['year', 'x'],
  ],
};

const servers = databasesToTest().filter((kind) => kind !== 'sqljs');
const cases = servers.flatMap((kind) => TYPES[familyOf(kind)].map((type) => [kind, ...type] as const));

function familyOf(kind: DatabaseKind): string {
  return kind.startsWith('postgres') ? 'postgres' : kind;
}

describe.each(servers)('a value that only %s can refuse', (database) => {
  const own = cases.filter(([kind]) => kind === database);
  let world: ScopedApplication;

  beforeAll(async () => {
    @Entity('specimen')
    @TenantScoped()
    class Specimen {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column({ type: 'varchar', length: 20, nullable: true }) word!: string | null;
    }
    for (const [, type, , length] of own)
      Column({ type: type as never, length, nullable: true })(Specimen.prototype, `the_${String(type)}`);

    @Controller('specimens')
    @TenantScoped()
    @UseGuards(TestGuard)
    @Crud(Specimen, { also: ['createMany'] })
    class SpecimensController extends CrudController<Specimen> {}

    world = await openScopedApplication({ database, entities: [Specimen], controllers: [SpecimensController] });
  });
  afterAll(() => world?.close());

  it('names its field', async () => {
    const send = async (method: 'POST' | 'PATCH', url: string, body: unknown): Promise<[number, string]> => {
      const headers = { 'x-user': '1', 'content-type': 'application/json' };
      const { status, text } = await world.transport.send({ method, url, headers, body: JSON.stringify(body) });
      return [status, text];
    };
    const [, made] = await send('POST', '/specimens', { word: 'x' });
    const { id } = JSON.parse(made) as { id: number };
    const problems: unknown[] = [];
    for (const [, type, value] of own) {
      const name = `the_${String(type)}`;
      const answers = [
        await send('POST', '/specimens', { word: 'x', [name]: value }),
        await send('PATCH', `/specimens/${id}`, { [name]: value, word: 'y' }),
        await send('POST', '/specimens/bulk', [{ word: 'x' }, { word: 'y', [name]: value }]),
      ];
      for (const [status, text] of answers) {
        if (status === 400 && text.includes(`${name} must be `) && !text.includes('not-an')) continue;
        problems.push([name, status, text]);
      }
    }
    expect(problems).toEqual([]);
  });
});
