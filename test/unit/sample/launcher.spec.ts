import { describe, expect, it } from '@jest/globals';
import { explain } from '../../../sample/launcher/explain.mjs';
import { LaunchError } from '../../../sample/launcher/launch-error.mjs';

const databaseUrl = 'postgres://guest:secret@localhost:5432/desk';

describe('what the launcher makes of an error', () => {
  it.each([
    [
      'a folder of another user',
      { code: 'EACCES', path: '/data/lock', syscall: 'open' },
      /no permission to write \/data\/lock/,
    ],
    [
      'a read-only file system',
      { code: 'EROFS', path: '/data', syscall: 'mkdir' },
      /\/data is on a read-only file system/,
    ],
    ['a full disk', { code: 'ENOSPC', path: '/data/lock', syscall: 'write' }, /no space left to write \/data\/lock/],
    ['a file where a folder is needed', { code: 'EEXIST', path: '/data', syscall: 'mkdir' }, /\/data is in the way/],
    [
      'no right to create tables',
      { driverError: { code: '42501', message: 'permission denied' } },
      /GRANT ALL .* TO "guest"/,
    ],
    [
      'tables of something else',
      { code: '42P07', message: 'relation "account" already exists' },
      /"desk" has tables of something else/,
    ],
    ['a type of something else', { code: '42710', message: 'type exists' }, /"desk" has tables of something else/],
    ['a replica', { code: '25006', message: 'read-only transaction' }, /"desk" is read-only/],
    [
      'any other refusal of the database',
      { code: '53300', message: 'too many clients' },
      /"desk" cannot be used: too many clients \(53300\)/,
    ],
  ])('is one line for %s, without the password', (_, error, expected) => {
    const explained = explain(error, { databaseUrl }) as LaunchError;
    expect(explained).toBeInstanceOf(LaunchError);
    expect(explained.message).toMatch(expected);
    expect(explained.message).not.toMatch(/secret|\n/);
  });

  it('is the error itself if it is a fault of the sample, or explained already', () => {
    const fault = new TypeError('x is not a function');
    expect(explain(fault, { databaseUrl })).toBe(fault);
    const explained = new LaunchError('Port 3000 is in use.');
    expect(explain(explained, {})).toBe(explained);
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
    expect(explain(refused, {})).toBe(refused);
  });
});
