import { beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import { matchReturnedRows, setGeneratedUuids } from '../../../lib/orm/writes/returned-rows.js';
import { unconnected } from '../../support/unconnected.js';

@Entity('counted')
@TenantScoped()
class Counted {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ name: 'the_code', unique: false }) code!: string;
}

@Entity('labelled')
@TenantScoped()
class Labelled {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
}

@Entity('composite')
@TenantScoped()
class Composite {
  @PrimaryColumn({ name: 'the_day' }) day!: Date;
  @PrimaryColumn({ type: 'bigint' }) number!: string;
  @PrimaryColumn({ type: 'uuid' }) device!: string;
  @Column() organizationId!: number;
}

@Entity('transformed')
@TenantScoped()
class Transformed {
  @PrimaryColumn({
    type: 'int',
    transformer: { to: (value: number) => value * 10, from: (value: number) => value / 10 },
  })
  id!: number;

  @Column() organizationId!: number;
}

const A = '0A000000-0000-4000-8000-00000000000a';
const B = '0B000000-0000-4000-8000-00000000000b';

let counted: EntityMetadata;
let labelled: EntityMetadata;
let composite: EntityMetadata;
let transformed: EntityMetadata;

beforeAll(async () => {
  const dataSource = await unconnected('postgres', [Counted, Labelled, Composite, Transformed]);
  counted = dataSource.getMetadata(Counted);
  labelled = dataSource.getMetadata(Labelled);
  composite = dataSource.getMetadata(Composite);
  transformed = dataSource.getMetadata(Transformed);
});

/** Returns the rows in their order, or "by position" if nothing else identifies them. */
function arrange(
  metadata: EntityMetadata,
  valueSets: readonly ObjectLiteral[],
  rows: readonly Readonly<Record<string, unknown>>[],
  conflict?: readonly string[],
): unknown {
  const matched = matchReturnedRows(metadata, valueSets, conflict);
  return matched === undefined ? 'by position' : matched.order(rows);
}

describe('the rows that an insert returns', () => {
  it('are matched by a given key', () => {
    const rows = [{ id: 2 }, { id: '3' }, { id: 1n }];
    expect(arrange(counted, [{ id: 1 }, { id: 2 }, { id: 3 }], rows)).toEqual([rows[2], rows[0], rows[1]]);
    expect(matchReturnedRows(counted, [{ id: 1 }], undefined)?.columns).toEqual(counted.primaryColumns);
  });

  it('are matched by all columns of a key', () => {
    const day = new Date('2026-01-02T03:04:05.678Z');
    const other = new Date('2026-01-02T03:04:05.679Z');
    const keys = [
      { day, number: '1', device: A },
      { day, number: '2', device: A },
      { day: other, number: '1', device: A },
      { day, number: '1', device: B },
    ];
    const rows = [...keys]
      .reverse()
      .map((key) => ({ the_day: key.day, number: Number(key.number), device: key.device.toLowerCase() }));
    expect(arrange(composite, keys, rows)).toEqual([...rows].reverse());
  });

  it('are matched by a key as it is stored', () => {
    expect(arrange(transformed, [{ id: 1 }, { id: 2 }], [{ id: 20 }, { id: 10 }])).toEqual([{ id: 10 }, { id: 20 }]);
  });

  it('keep their order if a key comes back in another form, or not once for each', () => {
    const given = [{ id: 1 }, { id: 2 }];
    for (const rows of [
      [{ id: '01' }, { id: '02' }],
      [{ id: 2 }, { id: '01' }],
      [{ id: 2 }],
      [{ id: 2 }, { id: 1 }, { id: 3 }],
    ]) {
      expect(arrange(counted, given, rows)).toBe(rows);
    }
  });

  it('tell keys with the same text in other places apart', () => {
    const day = new Date(0);
    const keys = [
      { day, number: '1,2', device: '3' },
      { day, number: '1', device: '2,3' },
    ];
    const rows = keys.map((key) => ({ the_day: key.day, number: key.number, device: key.device })).reverse();
    expect(arrange(composite, keys, rows)).toEqual([...rows].reverse());
  });

  it('are matched by a generated number, which grows with the position', () => {
    const rows = [{ id: '10' }, { id: 9 }, { id: '11' }];
    expect(arrange(counted, [{}, { id: null }, {}], rows)).toEqual([rows[1], rows[0], rows[2]]);
    expect(matchReturnedRows(counted, [{}], undefined)?.columns).toEqual(counted.primaryColumns);
  });

  it('keep their order if a generated number is none, or is too large', () => {
    for (const rows of [
      [{ id: 2 }, { id: 'x' }],
      [{ id: '9007199254740993' }, { id: 1 }],
      [{ id: 2 }, {}],
    ]) {
      expect(arrange(counted, [{}, {}], rows)).toBe(rows);
    }
  });

  it.each<[string, () => [EntityMetadata, ObjectLiteral[]]]>([
    ['some numbers are given and some generated', () => [counted, [{ id: 1 }, {}]]],
    ['a key is given twice', () => [counted, [{ id: 1 }, { id: 1 }]]],
    ['a key is SQL', () => [counted, [{ id: () => '1 + 1' }, { id: 2 }]]],
    ['a UUID is generated by the database', () => [labelled, [{}, {}]]],
    [
      'a part of a key is missing in one of them',
      () => [
        composite,
        [
          { day: new Date(0), number: '1', device: A },
          { day: new Date(0), number: '2' },
        ],
      ],
    ],
  ])('are matched by nothing if %s', (_case, of) => {
    const [metadata, valueSets] = of();
    expect(arrange(metadata, valueSets, [])).toBe('by position');
  });

  it('are matched by the conflict target of an upsert', () => {
    const rows = [{ the_code: 'b' }, { the_code: 'a' }];
    expect(arrange(counted, [{ code: 'a' }, { code: 'b' }], rows, ['the_code'])).toEqual([rows[1], rows[0]]);
    expect(arrange(counted, [{ code: 'a' }, { code: 'b' }], rows, ['code'])).toBe('by position');
    expect(arrange(counted, [{}, {}], rows, ['id'])).toBe('by position');
  });

  it('of an upsert are not told apart by the letters of a text, as those of a UUID are', () => {
    const rows = [{ the_code: 'a' }, { the_code: 'A' }];
    expect(arrange(counted, [{ code: 'A' }, { code: 'a' }], rows, ['the_code'])).toEqual([rows[1], rows[0]]);
    const ids = [{ id: B.toLowerCase() }, { id: A.toLowerCase() }];
    expect(arrange(labelled, [{ id: A }, { id: B }], ids)).toEqual([ids[1], ids[0]]);
  });
});

describe('a UUID that is generated', () => {
  it('is compared in any letters, whatever the type of its column', () => {
    const { columns, order } = matchReturnedRows(
      { primaryColumns: [{ ...uuidColumn('varchar'), generationStrategy: 'uuid' }] } as unknown as EntityMetadata,
      [{ id: 'AB' }, { id: 'cd' }],
      undefined,
    )!;
    expect(columns).toHaveLength(1);
    expect(order([{ id: 'CD' }, { id: 'ab' }])).toEqual([{ id: 'ab' }, { id: 'CD' }]);
  });
});

/** A key whose values are read as they are given. */
function uuidColumn(type: string): object {
  return { databaseName: 'id', type, getEntityValue: (row: ObjectLiteral) => row['id'] as unknown };
}

describe('UUIDs that the database would generate', () => {
  it('are set where none is given', () => {
    const valueSets: ObjectLiteral[] = [{ id: A }, {}, { id: undefined }];
    setGeneratedUuids(labelled, valueSets);
    const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
    const [given, ...generated] = valueSets.map(({ id }) => id as unknown);
    expect(given).toBe(A);
    for (const id of generated) expect(id).toMatch(uuid);
    expect(valueSets[1]['id']).not.toBe(valueSets[2]['id']);
  });

  it('are the only keys that are set', () => {
    const numbered: ObjectLiteral = {};
    const given: ObjectLiteral = { number: '1' };
    setGeneratedUuids(counted, [numbered]);
    setGeneratedUuids(composite, [given]);
    expect([numbered, given]).toEqual([{}, { number: '1' }]);
  });
});
