import { describe, expect, it } from '@jest/globals';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { declareScope, MuckConfigurationError, tenantFromParam, TenantScopeInvalidError } from 'nestjs-muck';
import { provideScopeLimits } from '../../../lib/tenancy/context/scope-limits.js';
import type { ScopeLimit } from '../../../lib/tenancy/context/scope-limits.js';
import { validateScope, getScopeDeclaration } from '../../../lib/tenancy/context/tenant-scope.js';
import type { ValidScope, ScopeDeclaration, TenantScope } from '../../../lib/tenancy/context/tenant-scope.js';

/*
 * The declaration of a scope's keys, and what is checked against it. A process has one.
 */

const DECLARATION = { region: String, account: BigInt, floor: Number };
const SCOPE = { region: 'north', account: 7n, floor: 3 };

const given = { ...DECLARATION };
declareScope(given);
given.floor = String as never;

describe('the declaration of a scope', () => {
  it('is made once, and again only alike', () => {
    expect(getScopeDeclaration()).toEqual(DECLARATION);
    expect(Object.isFrozen(getScopeDeclaration())).toBe(true);
    const first = getScopeDeclaration();
    declareScope({ ...DECLARATION });
    expect(getScopeDeclaration()).toBe(first);
    for (const other of [
      { region: String, account: BigInt },
      { ...DECLARATION, wing: Number },
      { ...DECLARATION, floor: BigInt },
      { account: BigInt, region: String, floor: Number },
    ] as ScopeDeclaration[]) {
      expect(() => declareScope(other)).toThrow('a process has one scope declaration: first { region: String, ');
    }
    expect(getScopeDeclaration()).toBe(first);
  });
});

describe('a scope of several keys', () => {
  it('is taken with each value as it is', () => {
    const longest = 'x'.repeat(255);
    for (const scope of [
      SCOPE,
      { region: ' ', account: 0n, floor: 0 },
      { region: longest, account: -(2n ** 63n), floor: -Number.MAX_SAFE_INTEGER },
      { region: 'north \u{1f600}', account: 1n, floor: 1 },
      { region: ' north ', account: 2n ** 70n, floor: Number.MAX_SAFE_INTEGER },
    ]) {
      if (scope.region === ' ') expect(() => validateScope(scope)).toThrow('got an empty string');
      else expect(validateScope(scope).values).toEqual(scope);
    }
  });

  it('is taken from an object that has its keys itself, whatever its class and their order', () => {
    expect(validateScope({ floor: 3, account: 7n, region: 'north' }).values).toEqual(SCOPE);
    expect(validateScope(Object.assign(Object.create(null) as object, SCOPE)).values).toEqual(SCOPE);
    expect(() => validateScope(Object.create(SCOPE))).toThrow(TenantScopeInvalidError);
    expect(() =>
      validateScope(Object.assign(Object.create({ region: 'north' }) as object, { account: 7n, floor: 3 })),
    ).toThrow(TenantScopeInvalidError);
  });

  it.each<[what: string, value: unknown, kind: string]>([
    ['null', null, 'null'],
    ['nothing', undefined, 'undefined'],
    ['a list', ['north'], 'an array'],
    ['an object', { toString: () => 'north' }, 'an object'],
    ['a boxed text', new String('north'), 'an object'],
    ['a boolean', true, 'boolean'],
    ['a symbol', Symbol('north'), 'symbol'],
    ['no number', Number.NaN, 'NaN'],
  ])('is none with %s for a value of any type', (_, value, kind) => {
    for (const [key, name] of [
      ['region', 'non-empty string'],
      ['account', 'bigint'],
      ['floor', 'number'],
    ]) {
      if (key === 'floor' && typeof value === 'number') continue;
      expect(() => validateScope({ ...SCOPE, [key]: value })).toThrow(
        new TenantScopeInvalidError(`${key} must be a ${name}, got ${kind}`),
      );
    }
  });

  it.each<[what: string, scope: object, message: string]>([
    ['a number for a text', { region: 7 }, 'region must be a non-empty string, got a number'],
    ['a bigint for a text', { region: 7n }, 'region must be a non-empty string, got bigint'],
    ['an empty text', { region: '' }, 'region must be a non-empty string, got an empty string'],
    ['a text of spaces', { region: ' \t\n' }, 'region must be a non-empty string, got an empty string'],
    ['a text that is too long', { region: 'x'.repeat(256) }, 'region is a string of more than 255 characters'],
    ['a text with a NUL', { region: 'north\0' }, 'region is a string with a character that databases do not store'],
    ['a text with half a character', { region: '\ud83d' }, 'region is a string with a character that databases'],
    ['a number for a bigint', { account: 7 }, 'account must be a bigint, got a number'],
    ['a text for a bigint', { account: '7' }, 'account must be a bigint, got a string'],
    ['a bigint for a number', { floor: 3n }, 'floor must be a number, got bigint'],
    ['a text for a number', { floor: '3' }, 'floor must be a number, got a string'],
    ['no number', { floor: Number.NaN }, 'floor must be a whole number in the safe range'],
    ['a fraction', { floor: 1.5 }, 'floor must be a whole number in the safe range'],
    ['an unsafe number', { floor: 2 ** 53 }, 'floor must be a whole number in the safe range'],
    [
      'one more key',
      { wing: 1 },
      'expected exactly { region: String, account: BigInt, floor: Number }, got 1 more key(s)',
    ],
    ['two more keys', { wing: 1, toString: 2 }, 'got 2 more key(s)'],
  ])('is none with %s', (_, change, message) => {
    expect(() => validateScope({ ...SCOPE, ...change })).toThrow(TenantScopeInvalidError);
    expect(() => validateScope({ ...SCOPE, ...change })).toThrow(message);
  });

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['an array', [SCOPE]],
    ['a string', 'north'],
    ['a number', 7],
    ['function', () => SCOPE],
  ])('is no %s', (kind, candidate) => {
    expect(() => validateScope(candidate)).toThrow(
      new TenantScopeInvalidError(`expected an object { region: String, account: BigInt, floor: Number }, got ${kind}`),
    );
  });

  it('becomes current as the tenant columns store it, and is none if one of them does not', () => {
    const limits: Record<string, ScopeLimit[]> = {
      region: [
        {
          column: 'Ticket.region (uuid)',
          hold: (value) => (String(value).startsWith('lost') ? undefined : String(value).toLowerCase()),
        },
      ],
    };
    const source = { limitsOf: (key: string) => limits[key] ?? [] };
    provideScopeLimits(source);
    try {
      expect(validateScope({ ...SCOPE, region: 'NORTH' })).toEqual(validateScope(SCOPE));
      expect(() => validateScope({ ...SCOPE, region: 'lost' })).toThrow(
        new TenantScopeInvalidError('region has a value that the column Ticket.region (uuid) does not store exactly'),
      );
    } finally {
      limits['region'] = [];
    }
  });

  it('cannot be changed once it has been checked', () => {
    const checked = validateScope({ ...SCOPE });
    expect(Object.isFrozen(checked)).toBe(true);
    expect(Object.isFrozen(checked.values)).toBe(true);
  });

  it('is told apart from each other one by its text, and has the same one as its like', () => {
    const print = (scope: TenantScope): string => (validateScope(scope) satisfies ValidScope).fingerprint;
    const different = [
      SCOPE,
      { ...SCOPE, region: 'north"' },
      { ...SCOPE, region: 'nort' },
      { ...SCOPE, region: 'North' },
      { ...SCOPE, region: 'north,bigint 7' },
      { ...SCOPE, account: 3n, floor: 7 },
      { ...SCOPE, account: 73n, floor: 3 },
      { ...SCOPE, account: 7n, floor: 33 },
      { ...SCOPE, floor: -3 },
    ].map(print);
    expect(new Set(different).size).toBe(different.length);
    expect(print({ floor: 3, account: 7n, region: 'north' })).toBe(print(SCOPE));
    // It stands in query caches that other processes share, whose scope may have other keys.
    expect(print(SCOPE)).toBe('["region","account","floor"]"north",bigint 7,number 3,');
  });

  it('cannot be claimed by a client, who names one value', async () => {
    let asked = false;
    const FromParam = tenantFromParam('region', { authorize: () => (asked = true) });
    const context = new ExecutionContextHost([{ params: { region: 'north' } }]);
    const answer = Promise.resolve(new FromParam().resolve(context));
    await expect(answer).rejects.toThrow(MuckConfigurationError);
    await expect(answer).rejects.toThrow('a scope of 3 keys cannot be read from one header, parameter or subdomain');
    expect(asked).toBe(false);
  });
});
