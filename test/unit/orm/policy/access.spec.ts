import { describe, expect, it } from '@jest/globals';
import type { EntityMetadata } from 'typeorm';
import { TenantScopeMissingError } from 'nestjs-muck';
import {
  accessPlanKey,
  accessCacheKey,
  resolveAccess,
  isUnscoped,
  exclusiveScope,
} from '../../../../lib/orm/policy/access.js';
import type { EntityRef } from '../../../../lib/tenancy/context/entity-ref.js';
import { validateScope } from '../../../../lib/tenancy/context/tenant-scope.js';
import { ACME, GLOBEX, tenancy } from '../../../support/world.js';

/*
 * How access contexts are told apart in which a statement means other rows, or has another text: what is remembered of one must not serve another.
 */

class Order {}
class SpecialOrder extends Order {}
class Line {}
/** Another class of that name. */
const OtherLine = { Line: class Line {} }.Line;

const acme = validateScope(ACME);
let named = 0;
/** A name that no class has had yet. */
const newName = (): string => `Named${(named += 1)}`;
const classOf = (name: string): EntityRef => Object.defineProperty(class {}, 'name', { value: name });
const inAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);
const within = <R>(entities: EntityRef[], fn: () => R): R => tenancy.unscoped('a test', { entities }, fn);
const metadataOf = (target: EntityRef, name = typeof target === 'string' ? target : target.name): EntityMetadata =>
  ({ target, name }) as EntityMetadata;

describe('an access context', () => {
  it('has the key of its scope, which processes that share a query cache have alike', () => {
    expect(accessCacheKey()).toBe('');
    expect(inAcme(accessCacheKey)).toBe(acme.fingerprint);
    expect(tenancy.run(GLOBEX, accessCacheKey)).toBe(validateScope(GLOBEX).fingerprint);
    expect(tenancy.unscoped('a test', accessCacheKey)).toBe('unscoped *|');
    expect(inAcme(() => tenancy.unscoped('a test', accessCacheKey))).toBe(`unscoped *|${acme.fingerprint}`);
    // The first class of a name is the same one in other processes.
    const name = newName();
    expect(within([classOf(name)], accessCacheKey)).toBe(`unscoped ["${name}",1]|`);
    expect(within([name], accessCacheKey)).toBe(`unscoped "${name}"|`);
  });

  it('has the form of its section, and of a scope or none: whose does not matter', () => {
    expect(accessPlanKey()).toBe('|');
    expect(inAcme(accessPlanKey)).toBe('|scope');
    expect(tenancy.run(GLOBEX, accessPlanKey)).toBe('|scope');
    expect(tenancy.unscoped('a test', accessPlanKey)).toBe('*|');
    expect(inAcme(() => tenancy.unscoped('a test', accessPlanKey))).toBe('*|scope');
    expect(inAcme(() => within(['Order'], accessPlanKey))).toBe('"Order"|scope');
  });

  it.each([
    ['key', accessCacheKey],
    ['form', accessPlanKey],
  ])('has one %s for the same entities, and another for others', (_, told) => {
    const of = (...entities: EntityRef[]): string => within(entities, told);
    expect(of(Order, Line)).toBe(of(Line, Order));
    expect(of(Line, OtherLine)).toBe(of(OtherLine, Line));
    const different = [
      of(),
      of(Order),
      of('Order'),
      of(SpecialOrder),
      of(Line),
      of(OtherLine),
      of(Line, OtherLine),
      of(Order, Line),
      of('["Order",1]'),
      of('"Order"'),
      of('Order', 'Line'),
      of('Order,Line'),
      of('Order","Line'),
      of('*'),
      tenancy.unscoped('a test', told),
    ];
    expect(new Set(different).size).toBe(different.length);
  });

  it('has another key for each class of a name, from the first one on', () => {
    const name = newName();
    const classes = [classOf(name), classOf(name), classOf(name)];
    const keys = [1, 2, 3].map((number) => `unscoped ["${name}",${number}]|`);
    expect(classes.map((type) => within([type], accessCacheKey))).toEqual(keys);
    expect(classes.map((type) => within([type], accessCacheKey))).toEqual(keys);
  });

  it('ends with its section', async () => {
    const all: (() => unknown)[] = [accessCacheKey, accessPlanKey, isUnscoped, () => resolveAccess(metadataOf(Order))];
    for (const told of all) {
      let later: Promise<unknown> | undefined;
      inAcme(() =>
        tenancy.unscoped('a test', () => {
          later = Promise.resolve().then(told);
        }),
      );
      await expect(later).rejects.toThrow(
        "the unscoped section tenancy.unscoped('a test') has ended, but this code is still running",
      );
    }
  });
});

describe('what may be done with an entity', () => {
  it('is what lies in the scope, and nothing where there is none', () => {
    expect(inAcme(() => resolveAccess(metadataOf(Order)))).toEqual(acme);
    expect(inAcme(() => resolveAccess(undefined))).toEqual(acme);
    expect(() => resolveAccess(metadataOf(Order))).toThrow(new TenantScopeMissingError('Order'));
    expect(() => resolveAccess(undefined)).toThrow(new TenantScopeMissingError('raw SQL'));
  });

  it('is everything in an unscoped section, for the entities that it names', () => {
    for (const metadata of [metadataOf(Order), undefined])
      expect(tenancy.unscoped('a test', () => resolveAccess(metadata))).toBe('everything');
    for (const [entities, metadata] of [
      [[Order], metadataOf(Order)],
      [[Order], metadataOf(SpecialOrder)],
      [['Order'], metadataOf(Order)],
      [['Order'], metadataOf('Order')],
      [['Renamed'], metadataOf(Order, 'Renamed')],
      [[Line, Order], metadataOf(Order)],
    ] as const) {
      expect(within([...entities], () => resolveAccess(metadata))).toBe('everything');
    }
    for (const [entities, metadata] of [
      [[SpecialOrder], metadataOf(Order)],
      [['Order'], metadataOf(SpecialOrder)],
      [[OtherLine], metadataOf(Line)],
      [[], metadataOf(Order)],
      [[Order], undefined],
    ] as const) {
      expect(inAcme(() => within([...entities], () => resolveAccess(metadata)))).toEqual(acme);
      expect(() => within([...entities], () => resolveAccess(metadata))).toThrow(TenantScopeMissingError);
    }
  });

  it('is known to be everything, or plainly what lies in a scope', () => {
    expect([isUnscoped(), exclusiveScope()]).toEqual([false, undefined]);
    expect(inAcme(() => [isUnscoped(), exclusiveScope()])).toEqual([false, acme]);
    expect(inAcme(() => tenancy.unscoped('a test', () => [isUnscoped(), exclusiveScope()]))).toEqual([true, undefined]);
    expect(inAcme(() => within([Order], () => [isUnscoped(), exclusiveScope()]))).toEqual([false, undefined]);
  });
});
