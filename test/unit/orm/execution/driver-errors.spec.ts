import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScoped, UniqueConflictError } from 'nestjs-muck';
import { Column, Entity, Index, PrimaryColumn, QueryFailedError, Unique } from 'typeorm';
import type { DataSource, EntityMetadata } from 'typeorm';
import { noteConnectionError, parseDriverError } from '../../../../lib/orm/execution/driver-error.parser.js';
import type { DatabaseErrorKind } from '../../../../lib/orm/execution/driver-error.parser.js';
import { redactValues, toUniqueConflict } from '../../../../lib/orm/execution/driver-errors.js';
import { hideFromLogs } from '../../../../lib/orm/execution/loggable-error.js';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import type { Enforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import type { SqlDialect } from '../../../../lib/orm/sql/tokenizer.js';
import { unconnected } from '../../../support/unconnected.js';
import { ACME, tenancy } from '../../../support/world.js';

/*
 * What is made of the errors of each database, of which the texts and codes stand here as the drivers give them.
 */

@Entity('coupon')
@TenantScoped({ globallyUnique: { serial: 'a test' } })
@Unique('coupon_code_year', ['organizationId', 'code', 'year'])
@Index('coupon_serial', ['serial'], { unique: true })
@Index('coupon_search', ['serial', 'year'])
// As an EntitySchema may say it; TypeORM knows no columns of it.
@Index('coupon_expression', ['serial'], { unique: true, ...{ synchronize: false } })
class Coupon {
  @PrimaryColumn() shop!: number;
  @PrimaryColumn() number!: number;
  @Column() organizationId!: number;
  @Column({ name: 'coupon_code' }) code!: string;
  @Column() year!: number;
  @Column() serial!: string;
  @Column({ name: 'the "first" word' }) word!: string;
}

const failed = (driverError: object, message = 'failed'): QueryFailedError =>
  new QueryFailedError('INSERT', ['secret'], Object.assign(new Error(message), driverError));
const inAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);

describe('an error about a unique key', () => {
  let dataSource: DataSource;
  let metadata: EntityMetadata;
  let source: Enforcement;
  beforeAll(async () => {
    dataSource = await unconnected('sqljs', [Coupon]);
    metadata = dataSource.getMetadata(Coupon);
    source = requireEnforcement(dataSource);
  });
  const conflict = (error: unknown, written: readonly EntityMetadata[] = [metadata]) =>
    inAcme(() => toUniqueConflict(error, written, source, undefined));

  it.each<[what: string, error: QueryFailedError, properties: string[]]>([
    ['PostgreSQL, by a constraint', failed({ code: '23505', constraint: 'coupon_code_year' }), ['code', 'year']],
    ['PostgreSQL, by an index', failed({ code: '23505', constraint: 'coupon_serial' }), ['serial']],
    [
      'PostgreSQL, by the primary key',
      failed({ code: '23505', constraint: 'coupon_pkey', detail: 'Key (shop, number)=(1, 2) already exists.' }),
      ['shop', 'number'],
    ],
    [
      'PostgreSQL, by a constraint that the database named',
      failed({
        code: '23505',
        table: 'coupon',
        constraint: 'coupon_organization_id_coupon_code_key',
        detail: 'Schlüssel »("organizationId", coupon_code)=(7, shop)=(year)« existiert bereits.',
      }),
      ['code'],
    ],
    [
      'PostgreSQL, by an index over an expression',
      failed({ code: '23505', constraint: 'made_by_hand', detail: 'Key (lower(serial::text))=(x) already exists.' }),
      ['serial'],
    ],
    [
      'PostgreSQL, by a column with a name in quotes',
      failed({ code: '23505', constraint: 'made_by_hand', detail: 'Key ("the ""first"" word")=(x) already exists.' }),
      ['word'],
    ],
    [
      'PostgreSQL, by an index over no column',
      failed({ code: '23505', constraint: 'made_by_hand', detail: 'Key ((1))=(1) already exists.' }),
      [],
    ],
    [
      'PostgreSQL, by a constraint of another table, which a trigger wrote',
      failed({ code: '23505', table: 'log', constraint: 'log_pkey', detail: 'Key (shop)=(1) already exists.' }),
      [],
    ],
    [
      'PostgreSQL, by a detail without a key',
      failed({ code: '23505', constraint: 'made_by_hand', detail: 'The row exists already.' }),
      [],
    ],
    ['PostgreSQL, by an unknown constraint', failed({ code: '23505', constraint: 'made_by_hand' }), []],
    [
      'MySQL, by a key that the database named',
      failed({ errno: 1062 }, "Duplicate entry 'x' for key 'serial_2'"),
      ['serial'],
    ],
    [
      'MySQL, by one of many keys that the database named',
      failed({ errno: 1062 }, "Duplicate entry 'x' for key 'serial_12'"),
      ['serial'],
    ],
    ['MySQL, by a key that is called nearly so', failed({ errno: 1062 }, "Duplicate entry 'x' for key 'se_1rial'"), []],
    ['MySQL, by an unknown key', failed({ errno: 1062 }, "Duplicate entry 'x' for key 'by_hand'"), []],
    ['PostgreSQL, of an exclusion', failed({ code: '23P01', constraint: 'coupon_serial' }), ['serial']],
    ['MySQL', failed({ errno: 1062 }, "Duplicate entry 'x' for key 'coupon_serial'"), ['serial']],
    [
      'MySQL with the table',
      failed({ errno: 1062 }, "Duplicate entry '1-x' for key 'coupon.coupon_code_year'"),
      ['code', 'year'],
    ],
    [
      'MySQL, by the primary key',
      failed({ errno: 1062 }, "Duplicate entry '1' for key 'coupon.PRIMARY'"),
      ['shop', 'number'],
    ],
    ['SQLite', failed({}, 'UNIQUE constraint failed: coupon.serial'), ['serial']],
    [
      'SQLite, of several columns',
      failed({}, 'SQLITE_CONSTRAINT: UNIQUE constraint failed: coupon.organizationId, coupon.coupon_code, coupon.year'),
      ['code', 'year'],
    ],
    [
      'SQLite, of columns that the entity does not know',
      failed({}, 'UNIQUE constraint failed: coupon.a, coupon.serial'),
      ['serial'],
    ],
    ['SQLite, of an index over an expression', failed({}, "UNIQUE constraint failed: index 'a'"), []],
    ['a database that names no key', failed({ errno: 1062 }), []],
  ])('of %s names properties, and never the tenant’s own', async (_, error, properties) => {
    const isExclusion = (error.driverError as { code?: string }).code === '23P01';
    const told = await conflict(error);
    const { constraint } = parseDriverError(error)!;
    expect(told).toEqual(new UniqueConflictError('Coupon', properties, { constraint, isExclusion }));
    expect(told).toMatchObject({ entity: 'Coupon', properties, constraint, isExclusion, explanation: undefined });
  });

  it('says what an exclusion constraint has met', async () => {
    const told = [
      await conflict(failed({ code: '23P01', constraint: 'coupon_serial' })),
      await conflict(failed({ code: '23P01', constraint: 'made_by_hand' })),
    ];
    expect(told.map((error) => error?.message)).toEqual([
      'There is another Coupon that conflicts with this one in serial.',
      'There is another Coupon that conflicts with this one.',
    ]);
  });

  it('names nothing where it is not known what was written', async () => {
    expect(await conflict(failed({ code: '23505', constraint: 'coupon_serial' }), [])).toMatchObject({
      entity: 'row',
      properties: [],
      constraint: 'coupon_serial',
    });
    expect(await conflict(failed({ code: '23505' }), [])).toEqual(new UniqueConflictError('row', []));
  });

  it('is none where it is about something else, or there is no scope', async () => {
    const unique = failed({ code: '23505', constraint: 'coupon_serial' });
    const convert = () => toUniqueConflict(unique, [metadata], source, undefined);
    expect(await conflict(failed({ code: '23503', constraint: 'coupon_serial' }))).toBeUndefined();
    expect(
      await conflict(Object.assign(new Error('no statement'), { driverError: { code: '23505' } })),
    ).toBeUndefined();
    expect(await conflict(undefined)).toBeUndefined();
    expect(await convert()).toBeUndefined();
    expect(await tenancy.unscoped('a test', convert)).toBeUndefined();
    expect(await inAcme(() => tenancy.unscoped('a test', convert))).toBeDefined();
  });
});

describe('the kind of a database error', () => {
  it.each<[DatabaseErrorKind, object[]]>([
    ['unique', [{ code: '23505' }, { errno: 1062 }, { errno: 1586 }, { message: 'x: UNIQUE constraint failed: y' }]],
    ['exclusion', [{ code: '23P01' }]],
    ['race', [{ code: '40001' }, { code: '40P01' }, { errno: 1213 }, { errno: 1020 }]],
    [
      'foreign-key',
      [
        ...['23503', '23001'].map((code) => ({ code })),
        ...[1216, 1217, 1451, 1452].map((errno) => ({ errno })),
        { message: 'x: FOREIGN KEY constraint failed' },
      ],
    ],
    ['not-null', [{ code: '23502' }, { errno: 1048 }, { errno: 1364 }, { message: 'NOT NULL constraint failed: a.b' }]],
    [
      'data',
      [
        ...['22001', '22003', '22P02', '54000'].map((code) => ({ code })),
        ...[1264, 1265, 1292, 1366, 1406, 1416, 1525].map((errno) => ({ errno })),
        { code: '42601', where: 'unnamed portal parameter $3' },
      ],
    ],
    ['check', [{ code: '23514' }, { errno: 3819 }, { errno: 4025 }, { message: 'CHECK constraint failed: positive' }]],
    [
      'unavailable',
      [
        ...['55P03', '57014', '57P01', '57P02', '57P03', '57P05', '25P03', '53100', '53300', '08006'].map((code) => ({
          code,
        })),
        ...[1021, 1040, 1053, 1205, 1317, 1927, 1969, 2006, 2013, 3024, 3572, 4031].map((errno) => ({ errno })),
        ...[
          'SQLITE_BUSY: x',
          'SQLITE_LOCKED: x',
          'SQLITE_FULL: x',
          'database is locked',
          'database table is locked: a',
          'database schema is locked: a',
          'database or disk is full',
          // Of the client libraries.
          'Connection terminated unexpectedly',
          'Client has encountered a connection error and is not queryable',
          'Query read timeout',
          "Can't add new command when connection is in closed state",
        ].map((message) => ({ message })),
        ...['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'PROTOCOL_CONNECTION_LOST'].map((code) => ({ code })),
      ],
    ],
    [
      'other',
      [
        {},
        ...[
          '',
          '2350',
          '235050',
          '023505',
          '023503',
          '235030',
          '023502',
          '235020',
          '42P01',
          '40P011',
          '57P04',
          'x22001',
          '220011',
          '540000',
        ].map((code) => ({ code })),
        ...[23505, 23503, 22001].map((code) => ({ code })),
        ...[0, 1054].map((errno) => ({ errno })),
        ...['UNIQUE', 'FOREIGN KEY', 'NOT NULL', 'CHECK', 'the database is locked'].map((message) => ({ message })),
        // Of the server, whatever its text.
        { code: 'P0001', message: 'Connection terminated' },
        { code: 'XECONNRESET' },
      ],
    ],
  ])('is %s by the code, the number or the text', (kind, errors) => {
    for (const error of errors) expect(parseDriverError(failed(error))?.kind).toBe(kind);
  });
});

describe('an error of opening a connection', () => {
  it('is unavailable, whatever it is', () => {
    const error = new Error('connect ECONNREFUSED');
    expect(parseDriverError(error)).toBeUndefined();
    noteConnectionError(error);
    noteConnectionError('text');
    expect(parseDriverError(error)).toEqual({ kind: 'unavailable', columns: [], isExpression: false });
    expect(parseDriverError('text')).toBeUndefined();
  });
});

describe('a parsed database error', () => {
  it('is undefined for an error that no statement caused', () => {
    for (const error of [new Error('UNIQUE constraint failed: a.b'), { driverError: { code: '23505' } }, undefined])
      expect(parseDriverError(error)).toBeUndefined();
  });

  it.each<[string, object, string | undefined, string[]]>([
    [
      'a foreign key of PostgreSQL',
      { code: '23503', constraint: 'fk', detail: 'Key (a, "b c")=(1, 2)' },
      'fk',
      ['a', 'b c'],
    ],
    [
      'a foreign key of MySQL',
      { errno: 1452, message: 'fails (`d`.`t`, CONSTRAINT `fk` FOREIGN KEY (`a`, `b c`))' },
      'fk',
      ['a', 'b c'],
    ],
    ['a missing value of PostgreSQL', { code: '23502', column: 'a.b' }, undefined, ['a.b']],
    ['a missing value of MySQL', { errno: 1048, message: "Column 'email' cannot be null" }, undefined, ['email']],
    ['a missing default of MySQL', { errno: 1364, message: "Field 'a' doesn't have a default" }, undefined, ['a']],
    ['a missing value of SQLite', { message: 'NOT NULL constraint failed: t.a' }, undefined, ['a']],
    [
      'a duplicate whose value quotes a key',
      { errno: 1062, message: "Duplicate entry 'for key 'x'' for key 't.k'" },
      'k',
      [],
    ],
    ['a value', { code: '22P02', detail: 'Key (a)=(1)' }, undefined, []],
    ['a parameter', { code: 'XX000', where: "unnamed portal parameter $2 = '...'" }, undefined, ['b "c']],
    ['a parameter without its text', { code: '22P02', parameter: 1 }, undefined, ['a']],
    ['a parameter of a trigger', { code: '22P02', where: 'SQL statement "SELECT $1"' }, undefined, []],
    [
      'a value of MariaDB',
      { errno: 1366, message: "Incorrect value: ' for column `x`' for column `d`.`t`.`ip` at row 1" },
      undefined,
      ['ip'],
    ],
    ['a value of MySQL', { errno: 1406, message: "Data too long for column 'a b' at row 12" }, undefined, ['a b']],
    [
      'a check',
      { code: '23514', constraint: 'positive', detail: 'Failing row contains (1, (a)=(b)).' },
      'positive',
      [],
    ],
    ['a check of MySQL', { errno: 3819, message: "Check constraint 'positive' is violated." }, 'positive', []],
    ['a check of MariaDB', { errno: 4025, message: 'CONSTRAINT `positive` failed for `d`.`t`' }, 'positive', []],
    ['a check of SQLite', { message: 'CHECK constraint failed: positive' }, 'positive', []],
    ['a check of SQLite without a name', { message: 'CHECK constraint failed: price >= 0' }, undefined, []],
  ])('of %s names constraint and columns', (_, given, constraint, columns) => {
    const error = new QueryFailedError(
      'INSERT INTO "t"("a", "b ""c") VALUES ($1, $2)',
      [],
      Object.assign(new Error(), given),
    );
    expect(parseDriverError(error)).toMatchObject({ constraint, columns });
  });
});

describe('an error about a value, which may stand in anybody’s row', () => {
  const told = (dialect: SqlDialect, error: unknown): unknown => inAcme(() => redactValues(error, dialect));

  it.each<[SqlDialect, object[]]>([
    [
      'postgres',
      ['23502', '42601', '42703', '42883', '25P02', '40001', '40P01', '53300', '55P03', '57014', '08006', '0A000'].map(
        (code) => ({ code }),
      ),
    ],
    [
      'mysql',
      [
        ...[1048, 1054, 1062, 1064, 1091, 1136, 1142, 1146, 1205, 1213, 1216, 1217, 1364, 1451, 1452, 3819, 4025],
        // Of the connection and the server.
        ...[1040, 1053, 1290, 1317, 1836, 1927, 1969, 2006, 2013, 3024],
      ].map((errno) => ({ errno })),
    ],
  ])('is none of %s that speaks of the statement alone', (dialect, errors) => {
    for (const error of errors.map((given) => failed(given))) expect(told(dialect, error)).toBe(error);
  });

  it('is none of a client library that has lost its connection', () => {
    for (const dialect of ['postgres', 'mysql', 'sqlite'] as const) {
      for (const given of [
        { message: 'Connection terminated unexpectedly' },
        { code: 'ECONNRESET', message: 'read' },
      ]) {
        const error = failed(given);
        expect(told(dialect, error)).toBe(error);
      }
    }
  });

  it('is none of SQLite that speaks of the statement alone', () => {
    for (const message of [
      'near "x": syntax error',
      'no such column: x',
      'ambiguous column name: x',
      'UNIQUE constraint failed: a.b',
      'NOT NULL constraint failed: a.b',
      'FOREIGN KEY constraint failed',
      'CHECK constraint failed: a',
      'SQLITE_BUSY: database is locked',
      'database is locked',
      'database or disk is full',
      'table a has no column named b',
      'a row value syntax error',
      'syntax error',
    ]) {
      const error = failed({}, message);
      expect(told('sqlite', error)).toBe(error);
    }
  });

  it.each<[SqlDialect, object, message: string]>([
    ['postgres', { code: '22P02' }, 'invalid input syntax for type integer: "secret"'],
    ['postgres', { code: '22023' }, 'near secret'],
    ['postgres', { code: '42704' }, 'unrecognized "secret"'],
    ['postgres', { errno: 1064 }, 'secret'],
    ['postgres', {}, 'near "secret": syntax error'],
    ['mysql', { errno: 1292 }, "Truncated incorrect DOUBLE value: 'secret'"],
    ['mysql', { errno: 0 }, 'secret'],
    ['mysql', { code: '23505' }, 'UNIQUE secret'],
    ['mysql', {}, 'secret'],
    ['sqlite', {}, 'malformed JSON: "secret"'],
    ['sqlite', {}, 'malformed "secret", near x'],
    ['sqlite', {}, 'secret: syntax'],
    ['sqlite', { code: '23505', errno: 1064 }, 'integer overflow of secret'],
    ['sqlite', {}, ''],
  ])('of %s loses its text and keeps its code: %j', (dialect, given, message) => {
    const names = { constraint: 'a', column: 'b', table: 'c', schema: 'd' };
    const error = failed({ ...given, ...names, detail: 'secret', where: 'secret' }, message);
    const masked = told(dialect, error) as QueryFailedError;
    expect(masked).toBeInstanceOf(QueryFailedError);
    expect(masked.message).toBe('The database could not process a value.');
    expect(masked).toMatchObject({ query: 'INSERT', parameters: ['secret'] });
    expect({ ...masked.driverError }).toEqual({
      code: undefined,
      errno: undefined,
      ...given,
      ...names,
    });
    const printed = hideFromLogs(masked);
    expect(inspect(printed)).not.toContain('secret');
    expect(JSON.stringify(printed)).not.toContain('secret');
  });

  it('is read by application code, but not printed, where its text is kept', () => {
    for (const code of ['23502', '40001', '57014']) {
      const error = failed({ code, detail: 'Failing row contains (secret)', where: 'secret', sql: "SELECT 'secret'" });
      for (const printed of [told('postgres', error), redactValues(error, 'postgres')].map(hideFromLogs)) {
        expect(printed).toBe(error);
        expect(inspect(printed)).not.toContain('secret');
        expect(inspect(printed)).toContain(code);
        expect(JSON.stringify(printed)).not.toContain('secret');
      }
      expect((error.driverError as { detail?: string }).detail).toContain('secret');
    }
  });

  it('is told outside of a scope, and where it is of no statement', () => {
    const error = failed({ code: '22P02' }, 'secret');
    for (const dialect of ['postgres', 'mysql', 'sqlite'] as const) {
      expect(redactValues(error, dialect)).toBe(error);
      expect(tenancy.unscoped('a test', () => redactValues(error, dialect))).toBe(error);
      for (const other of [new Error('secret'), 'secret', undefined]) expect(told(dialect, other)).toBe(other);
    }
  });
});

it('an error of another source stays as it is in logs', () => {
  const error = Object.assign(new Error('of the application'), { detail: 'seen' });
  expect(hideFromLogs(error)).toBe(error);
  expect(Object.keys(error)).toEqual(['detail']);
  expect(hideFromLogs('thrown')).toBe('thrown');
});

it.each(['code', 'errno', 'sqlState', 'severity', 'schema', 'table', 'column', 'dataType', 'constraint', 'routine'])(
  'logs show the %s of a failed statement, which is no value',
  (property) => {
    const error = hideFromLogs(failed({ [property]: 'told', detail: 'secret', hint: 'secret' }));
    expect(Object.keys(error as object)).toEqual([property]);
  },
);

it.each(['code', 'errno', 'sqlState', 'constraint', 'schema', 'table', 'column', 'dataType'])(
  'an error without its values keeps its %s',
  (property) => {
    const masked = inAcme(() => redactValues(failed({ code: '22P02', [property]: '22003' }), 'postgres'));
    expect((masked as QueryFailedError).message).toBe('The database could not process a value.');
    expect((masked as QueryFailedError).driverError).toHaveProperty(property, '22003');
  },
);

it.each<[string, SqlDialect, object, string, object]>([
  [
    'the parameter, which identifies the column',
    'postgres',
    { code: '22P02', where: "unnamed portal parameter $1 = '...'" },
    'failed',
    { code: '22P02', parameter: 1 },
  ],
  ['the column', 'mysql', { errno: 1406 }, "Data too long for column 'code' at row 1", { errno: 1406, column: 'code' }],
  ['nothing that is not told', 'postgres', { code: '22003' }, 'failed', { code: '22003' }],
])('an error without its values names %s', (_case, dialect, properties, message, kept) => {
  const error = new QueryFailedError(
    'INSERT INTO "coupon"("serial") VALUES ($1)',
    ['secret'],
    Object.assign(new Error(message), properties),
  );
  const masked = inAcme(() => redactValues(error, dialect)) as QueryFailedError;
  expect({ ...masked.driverError }).toStrictEqual(kept);
});
