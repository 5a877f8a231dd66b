import { describe, expect, it } from '@jest/globals';
import type { EntityMetadata } from 'typeorm';
import { TenantScopeMissingError } from 'nestjs-muck';
import { authorityForm, authorityKey, authorityOver, isUnscoped, plainScope } from '../../lib/orm/policy/access.js';
import type { EntityKey } from '../../lib/tenancy/context/tenant-context.js';
import { checkScope } from '../../lib/tenancy/context/tenant-scope.js';
import { ACME, GLOBEX, tenancy } from '../support/world.js';

/*
 * How situations are told apart in which a statement means other rows, or has another text: what is remembered of one must not serve another.
 */

class Order {}
class SpecialOrder extends Order {}
class Line {}
/** Another class of that name. */
const OtherLine = { Line: class Line {} }.Line;

const acme = checkScope(ACME);
let named = 0;
/** A name that no class has had yet. */
const newName = (): string => `Named${(named += 1)}`;
const classOf = (name: string): EntityKey => Object.defineProperty(class {}, 'name', { value: name });
const inAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);
const within = <R>(entities: EntityKey[], fn: () => R): R => tenancy.unscoped('a test', { entities }, fn);
const metadataOf = (target: EntityKey, name = typeof target === 'string' ? target : target.name): EntityMetadata =>
  ({ target, name }) as EntityMetadata;

describe('a situation', () => {
  it('has the key of its scope, which processes that share a query cache have alike', () => {
    expect(authorityKey()).toBe('');
    expect(inAcme(authorityKey)).toBe(acme.fingerprint);
    expect(tenancy.run(GLOBEX, authorityKey)).toBe(checkScope(GLOBEX).fingerprint);
    expect(tenancy.unscoped('a test', authorityKey)).toBe('unscoped *|');
    expect(inAcme(() => tenancy.unscoped('a test', authorityKey))).toBe(`unscoped *|${acme.fingerprint}`);
    // The first class of a name is the same one in other processes.
    const name = newName();
    expect(within([classOf(name)], authorityKey)).toBe(`unscoped ["${name}",1]|`);
    expect(within([name], authorityKey)).toBe(`unscoped "${name}"|`);
  });

  it('has the form of its section, and of a scope or none: whose does not matter', () => {
    expect(authorityForm()).toBe('|');
    expect(inAcme(authorityForm)).toBe('|scope');
    expect(tenancy.run(GLOBEX, authorityForm)).toBe('|scope');
    expect(tenancy.unscoped('a test', authorityForm)).toBe('*|');
    expect(inAcme(() => tenancy.unscoped('a test', authorityForm))).toBe('*|scope');
    expect(inAcme(() => within(['Order'], authorityForm))).toBe('"Order"|scope');
  });

  it.each([
    ['key', authorityKey],
    ['form', authorityForm],
  ])('has one %s for the same entities, and another for others', (_, told) => {
    const of = (...entities: EntityKey[]): string => within(entities, told);
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
    expect(classes.map((type) => within([type], authorityKey))).toEqual(keys);
    expect(classes.map((type) => within([type], authorityKey))).toEqual(keys);
  });

  it('ends with its section', async () => {
    const all: (() => unknown)[] = [authorityKey, authorityForm, isUnscoped, () => authorityOver(metadataOf(Order))];
    for (const told of all) {
      let later: Promise<unknown> | undefined;
      inAcme(() =>
        tenancy.unscoped('a test', () => {
          later = Promise.resolve().then(told);
        }),
      );
      await expect(later).rejects.toThrow("the section unscoped('a test') has ended, and this code outlives it");
    }
  });
});

describe('what may be done with an entity', () => {
  it('is what lies in the scope, and nothing where there is none', () => {
    expect(inAcme(() => authorityOver(metadataOf(Order)))).toEqual(acme);
    expect(inAcme(() => authorityOver(undefined))).toEqual(acme);
    expect(() => authorityOver(metadataOf(Order))).toThrow(new TenantScopeMissingError('Order'));
    expect(() => authorityOver(undefined)).toThrow(new TenantScopeMissingError('hand-written SQL'));
  });

  it('is everything in an unscoped section, for the entities that it names', () => {
    for (const metadata of [metadataOf(Order), undefined])
      expect(tenancy.unscoped('a test', () => authorityOver(metadata))).toBe('everything');
    for (const [entities, metadata] of [
      [[Order], metadataOf(Order)],
      [[Order], metadataOf(SpecialOrder)],
      [['Order'], metadataOf(Order)],
      [['Order'], metadataOf('Order')],
      [['Renamed'], metadataOf(Order, 'Renamed')],
      [[Line, Order], metadataOf(Order)],
    ] as const) {
      expect(within([...entities], () => authorityOver(metadata))).toBe('everything');
    }
    for (const [entities, metadata] of [
      [[SpecialOrder], metadataOf(Order)],
      [['Order'], metadataOf(SpecialOrder)],
      [[OtherLine], metadataOf(Line)],
      [[], metadataOf(Order)],
      [[Order], undefined],
    ] as const) {
      expect(inAcme(() => within([...entities], () => authorityOver(metadata)))).toEqual(acme);
      expect(() => within([...entities], () => authorityOver(metadata))).toThrow(TenantScopeMissingError);
    }
  });

  it('is known to be everything, or plainly what lies in a scope', () => {
    expect([isUnscoped(), plainScope()]).toEqual([false, undefined]);
    expect(inAcme(() => [isUnscoped(), plainScope()])).toEqual([false, acme]);
    expect(inAcme(() => tenancy.unscoped('a test', () => [isUnscoped(), plainScope()]))).toEqual([true, undefined]);
    expect(inAcme(() => within([Order], () => [isUnscoped(), plainScope()]))).toEqual([false, undefined]);
  });
});
