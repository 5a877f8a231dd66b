import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import {
  noteConnectionError,
  parseDriverError,
  refusedParameter,
  retryableKindOf,
} from '../../../../lib/orm/execution/driver-error.parser.js';

/* What is read from the errors of the drivers: codes, names and columns, as PostgreSQL, MariaDB and SQLite give them. */

const failed = (driverError: object, message = 'failed', query = 'INSERT'): QueryFailedError =>
  new QueryFailedError(query, [], Object.assign(new Error(message), driverError));
const kindOf = (driverError: object, message?: string) => parseDriverError(failed(driverError, message))?.kind;

describe('the kind of an error', () => {
  it.each([
    ['23505', 'unique'],
    ['23P01', 'exclusion'],
    ['23503', 'foreign-key'],
    ['23001', 'foreign-key'],
    ['23502', 'not-null'],
    ['23514', 'check'],
    ['44000', 'check'],
    ['22003', 'data'],
    ['54000', 'data'],
    ['40001', 'race'],
    ['40P01', 'race'],
    ...['55P03', '57014', '57P01', '57P02', '57P03', '57P05', '25P03', '25P04', '53300', '08006'].map(
      (code) => [code, 'unavailable'] as const,
    ),
    ...['ECONNREFUSED', 'EAI_AGAIN', 'PROTOCOL_CONNECTION_LOST', 'PROTOCOL_ENQUEUE_AFTER_QUIT'].map(
      (code) => [code, 'unavailable'] as const,
    ),
    ...['42601', '57P04', '25P02', 'XECONNRESET', 'ECONNRESETX'].map((code) => [code, 'other'] as const),
  ])('by the code %s is %s', (code, kind) => {
    expect(kindOf({ code })).toBe(kind);
  });

  it.each(['23505', '23P01', '23503', '23502', '23514', '22003', '40001', '57014', '08006'])(
    'is not told by a code that contains %s',
    (code) => {
      expect(kindOf({ code: `x${code}` })).toBe('other');
      expect(kindOf({ code: `${code}x` })).toBe('other');
    },
  );

  it.each([
    [{}, 'SQLITE_BUSY: database is locked', 'unavailable'],
    [{}, 'database or disk is full', 'unavailable'],
    [{}, 'the database is locked', 'other'],
    [{}, 'Connection terminated unexpectedly', 'unavailable'],
    [{}, 'the text says: Connection terminated', 'other'],
    // A code that is not one of a lost connection says more than the text.
    [{ code: 'OTHER' }, 'Connection terminated unexpectedly', 'other'],
    [{ errno: 1213 }, 'Deadlock found', 'race'],
    [{ errno: 1205 }, 'Lock wait timeout', 'unavailable'],
    [{ errno: 1 }, 'failed', 'other'],
  ])('of %j %s is %s', (driverError, message, kind) => {
    expect(kindOf(driverError, message)).toBe(kind);
  });

  it('is none of an error that is not of a database', () => {
    for (const error of [new Error('failed'), 'failed', null, undefined, 1]) {
      expect(parseDriverError(error)).toBeUndefined();
      expect(retryableKindOf(error)).toBeUndefined();
      noteConnectionError(error);
    }
  });

  it('is unavailable for an error of a connection', () => {
    const error = new Error('failed');
    noteConnectionError(error);
    expect(parseDriverError(error)).toEqual({ kind: 'unavailable', columns: [], isExpression: false });
    expect(retryableKindOf(error)).toBe('unavailable');
  });

  it.each([
    ['40001', 'race'],
    ['57014', 'unavailable'],
    ['23505', undefined],
  ])('of %s allows another attempt: %s', (code, kind) => {
    expect(retryableKindOf(failed({ code }))).toBe(kind);
  });
});

describe('the names in an error', () => {
  it.each([
    ['PostgreSQL', { code: '23505', detail: 'Key (a, b)=(1, 2) already exists.' }, 'failed', ['a', 'b'], false],
    [
      'quoted',
      { code: '23505', detail: 'Key ("a b", "c""d")=(1, 2) already exists.' },
      'failed',
      ['a b', 'c"d'],
      false,
    ],
    ['expression', { code: '23505', detail: 'Key (lower(a))=(x) already exists.' }, 'failed', ['lower', 'a'], true],
    ['no name', { code: '23505', detail: 'Key ((1))=(1) already exists.' }, 'failed', [], true],
    [
      'MariaDB, foreign key',
      { errno: 1452 },
      'a foreign key constraint fails (`desk`.`t`, CONSTRAINT `fk` FOREIGN KEY (`a`, `b`) REFERENCES `u` (`id`, `x`))',
      ['a', 'b'],
      false,
    ],
    ['MariaDB, foreign key without a text', { errno: 1452 }, 'failed', [], false],
    ['MariaDB, NULL', { errno: 1048 }, "Column 'a' cannot be null", ['a'], false],
    ['NOT NULL without a name', { code: '23502' }, 'failed', [], false],
    ['SQLite', {}, 'NOT NULL constraint failed: t.a', ['a'], false],
    ['MariaDB, value', { errno: 1366 }, "Incorrect value: 'x' for column `desk`.`t`.`a` at row 12", ['a'], false],
    ['MySQL, value', { errno: 1366 }, "Incorrect value: 'x' for column 'a' at row 1", ['a'], false],
    ['a value with lines', { errno: 1366 }, "Incorrect value: 'x\ny' for column 'a' at row 1", ['a'], false],
    ['text after it', { errno: 1366 }, "Incorrect value: 'x' for column 'a' at row 1 of it", [], false],
    [
      'a value like a name',
      { errno: 1366 },
      "Incorrect value: 'for column `b` at row 1' for column `desk`.`t`.`a` at row 1",
      ['a'],
      false,
    ],
    ['PostgreSQL, value', { code: '22003', column: 'a' }, 'failed', ['a'], false],
    ['PostgreSQL, value without a column', { code: '22003' }, 'failed', [], false],
    ['an outage', { code: '57014', column: 'a' }, 'failed', [], false],
  ])('%s', (_, driverError, message, columns, isExpression) => {
    expect(parseDriverError(failed(driverError, message))).toMatchObject({ columns, isExpression });
  });

  it.each([
    [1216, true],
    [1452, true],
    [1217, false],
    [1451, false],
    [1062, undefined],
  ])('MariaDB says by %p whether a reference is missing: %p', (errno, isMissingReference) => {
    expect(parseDriverError(failed({ errno }))?.isMissingReference).toBe(isMissingReference);
  });
});

describe('the constraint in an error', () => {
  it.each([
    ['PostgreSQL', { constraint: 'a' }, 'failed', 'a'],
    ['MariaDB, CHECK', {}, "Check constraint 'a' is violated.", 'a'],
    ['a text that quotes one', {}, "It said: Check constraint 'a' is violated.", undefined],
    ['SQLite, CHECK', {}, 'CHECK constraint failed: a_b', 'a_b'],
    ['SQLite, index over an expression', {}, "UNIQUE constraint failed: index 'lower name'", 'lower name'],
    ['a text after it', {}, "UNIQUE constraint failed: index 'a' of it", undefined],
    ['none', {}, 'failed', undefined],
  ])('%s', (_, driverError, message, constraint) => {
    expect(parseDriverError(failed(driverError, message))?.constraint).toBe(constraint);
  });
});

describe('the parameter that PostgreSQL could not read', () => {
  it.each([
    [{ where: 'unnamed portal parameter $12 = …' }, 12],
    [{ where: 'SQL statement "SELECT $3"' }, undefined],
    [{ where: 'line 1\nparameter $4' }, undefined],
    [{}, undefined],
    [{ parameter: 2 }, 2],
    [{ where: 'elsewhere', parameter: 2 }, 2],
  ])('%j is %p', (error, parameter) => {
    expect(refusedParameter(error)).toBe(parameter);
  });
});

it.each(['23502', '22003'])('an error with the code %s that names no column has none', (code) => {
  expect(parseDriverError(failed({ code }))?.columns).toStrictEqual([]);
});
