import { beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScopeMissingError } from 'nestjs-muck';
import type { Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { authorityForm, authorityKey, authorityOver, isUnscoped, plainScope } from '../../lib/orm/authority.js';
import { currentRendering, outsideRendering, render } from '../../lib/orm/rendering.js';
import { scopeKeyOf, scopeParameter } from '../../lib/orm/scope-parameters.js';
import { isLimitedNow, tenantPropertiesOf } from '../../lib/orm/tenant-properties.js';
import {
  Attachment,
  DESK_ENTITIES,
  Invoice,
  Label,
  News,
  Note,
  ParcelSchema,
  Photo,
  Ticket,
  Verdict,
} from '../support/desk.js';
import { unconnected } from '../support/unconnected.js';
import { ACME, GLOBEX, tenancy } from '../support/world.js';

/*
 * What the running code may do, and whether two situations are told apart in which it may do different things.
 */

const inSection = <R>(entities: unknown[] | undefined, fn: () => R): R =>
  entities === undefined ? tenancy.unscoped('why', fn) : tenancy.unscoped('why', { entities: entities as never }, fn);
const inAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);
/** Another class that is called Ticket. */
const namesake = { Ticket: class Ticket {} }.Ticket;

describe('what the running code may do', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('sqljs', DESK_ENTITIES);
  });
  const over = (entity: Type<object> | string): unknown => authorityOver(dataSource.getMetadata(entity));

  it('is everything for exempt entities, those that extend them and those of their name, and the scope for others', () => {
    const exempt = inAcme(() =>
      inSection([Attachment, 'parcel'], () =>
        [Attachment, Photo, ParcelSchema.options.name, Ticket].map((entity) => over(entity)),
      ),
    );
    expect(exempt).toEqual([...Array<string>(3).fill('everything'), expect.objectContaining({ values: ACME })]);
    expect(inAcme(() => inSection([Photo], () => over(Attachment)))).toMatchObject({ values: ACME });
    expect(inAcme(() => inSection([namesake], () => over(Ticket)))).toMatchObject({ values: ACME });
  });

  it('is everything in a section over all tenants, for tables that cannot be named too', () => {
    expect(inSection(undefined, () => [over(Ticket), authorityOver(undefined)])).toEqual(['everything', 'everything']);
    expect(inAcme(() => inSection([Ticket], () => authorityOver(undefined)))).toMatchObject({ values: ACME });
  });

  it('is nothing where nothing is in force, or only other entities are exempt', () => {
    expect(() => over(Ticket)).toThrow(TenantScopeMissingError);
    expect(() => over(Ticket)).toThrow('Ticket');
    expect(() => authorityOver(undefined)).toThrow('hand-written SQL');
    expect(() => inSection([Label], () => over(Ticket))).toThrow(TenantScopeMissingError);
  });

  it('is nothing in what outlives a section', () => {
    const late = (entities?: unknown[]) =>
      inAcme(() => inSection(entities, () => tenancy.bind((fn: () => unknown) => fn())));
    for (const ask of [() => over(Ticket), isUnscoped, authorityKey, authorityForm])
      for (const run of [late(), late([Label])]) expect(() => run(ask)).toThrow("unscoped('why') has ended");
  });

  it('is everything for every entity only in a section over all tenants', () => {
    expect(isUnscoped()).toBe(false);
    expect(inAcme(isUnscoped)).toBe(false);
    expect(inSection([Ticket], isUnscoped)).toBe(false);
    expect(inSection(undefined, isUnscoped)).toBe(true);
  });

  it('is one scope for every entity outside of any section', () => {
    expect(plainScope()).toBeUndefined();
    expect(inAcme(plainScope)).toMatchObject({ values: ACME });
    for (const entities of [undefined, [Ticket]]) expect(inAcme(() => inSection(entities, plainScope))).toBeUndefined();
  });

  it('tells which properties of an entity hold its tenant', () => {
    const properties = (entity: Type<object>): readonly string[] =>
      tenantPropertiesOf(dataSource, dataSource.getMetadata(entity));
    expect(properties(Ticket)).toEqual(['organizationId']);
    expect(properties(Invoice)).toEqual(['ownership.organizationId']);
    expect(properties(Verdict)).toEqual([]);
    expect(properties(News)).toEqual([]);
    const bare = new DataSource({ type: 'sqljs' });
    expect(tenantPropertiesOf(bare, dataSource.getMetadata(Ticket))).toEqual([]);
  });

  it('tells whether statements on an entity are limited', () => {
    const isLimited = (entity: Type<object>): boolean => isLimitedNow(dataSource, dataSource.getMetadata(entity));
    expect(inAcme(() => [Ticket, Verdict, News].map(isLimited))).toEqual([true, true, false]);
    expect(inSection([Ticket], () => isLimited(Ticket))).toBe(false);
    expect(() => isLimited(Ticket)).toThrow(TenantScopeMissingError);
    expect(isLimitedNow(new DataSource({ type: 'sqljs' }), dataSource.getMetadata(Ticket))).toBe(false);
  });
});

describe('situations in which the same statement may mean different rows', () => {
  const SITUATIONS: readonly (<R>(fn: () => R) => R)[] = [
    (fn) => fn(),
    (fn) => tenancy.run(ACME, fn),
    (fn) => tenancy.run(GLOBEX, fn),
    (fn) => inSection(undefined, fn),
    (fn) => tenancy.run(ACME, () => inSection(undefined, fn)),
    (fn) => inSection([Ticket], fn),
    (fn) => tenancy.run(ACME, () => inSection([Ticket], fn)),
    (fn) => tenancy.run(GLOBEX, () => inSection([Ticket], fn)),
    (fn) => tenancy.run(ACME, () => inSection([namesake], fn)),
    (fn) => tenancy.run(ACME, () => inSection(['Ticket'], fn)),
    (fn) => tenancy.run(ACME, () => inSection(['Ticket', 'Note'], fn)),
    (fn) => tenancy.run(ACME, () => inSection(['Ticket,Note'], fn)),
    (fn) => tenancy.run(ACME, () => inSection(['*'], fn)),
    (fn) => tenancy.run(ACME, () => inSection([Ticket, Note], fn)),
  ];

  it('are told apart, and known again', () => {
    const keys = SITUATIONS.map((situation) => situation(authorityKey));
    expect(new Set(keys).size).toBe(SITUATIONS.length);
    expect(SITUATIONS.map((situation) => situation(authorityKey))).toEqual(keys);
  });

  it('are the same in whichever order entities are exempt', () => {
    expect(inAcme(() => inSection([Note, Ticket], authorityKey))).toBe(
      inAcme(() => inSection([Ticket, Note], authorityKey)),
    );
  });

  it('are the same to other processes, but for classes of one name', () => {
    class Onlooker {}
    const other = { Onlooker: class Onlooker {} }.Onlooker;
    expect(inAcme(() => inSection([Onlooker], authorityKey))).toContain('unscoped ["Onlooker",1]|');
    expect(inAcme(() => inSection([other], authorityKey))).toContain('unscoped ["Onlooker",2]|');
    expect(inSection(undefined, authorityKey)).toBe('unscoped *|');
  });

  it('have one text for all tenants, and another one for each set of exempt entities', () => {
    const forms = SITUATIONS.map((situation) => situation(authorityForm));
    expect(forms[1]).toBe(forms[2]);
    expect(forms[6]).toBe(forms[7]);
    expect(new Set(forms).size).toBe(SITUATIONS.length - 2);
  });
});

describe('the notes on a statement whose text is made', () => {
  const insert = { table: 'ticket', text: 'x' };

  it('are those of all builders in it', () => {
    const notes = render((rendering) => {
      currentRendering()!.inserts.push(insert);
      expect(currentRendering()).toBe(rendering);
      return rendering;
    });
    expect(notes).toEqual({ inserts: [insert], writes: [], lookups: [], unscoped: [] });
    expect(currentRendering()).toBeUndefined();
  });

  it('are not those of another statement that is made meanwhile, and go on when that fails', () => {
    const notes = render((rendering) => {
      expect(render((inner) => (currentRendering()!.inserts.push(insert), inner.inserts))).toEqual([insert]);
      expect(currentRendering()).toBe(rendering);
      const failing = (): never => {
        throw new Error('fails');
      };
      for (const run of [render, outsideRendering]) {
        expect(() => run(failing)).toThrow('fails');
        expect(currentRendering()).toBe(rendering);
      }
      expect(outsideRendering(currentRendering)).toBeUndefined();
      expect(outsideRendering(() => 'answer')).toBe('answer');
      return rendering;
    });
    expect(notes.inserts).toEqual([]);
    expect(currentRendering()).toBeUndefined();
  });
});

describe("the names of parameters that carry the scope's values", () => {
  it('tell scope keys apart, and cannot be guessed', () => {
    const [one, other] = ['organizationId', 'schön'].map(scopeParameter);
    expect(one).toMatch(/^muck[0-9a-f]{16}_6f7267616e697a6174696f6e4964$/);
    expect(other).toMatch(/^muck[0-9a-f]{16}_736368c3b66e$/);
    expect(scopeParameter('organizationId')).toBe(one);
    expect([one, other, 'organizationId'].map(scopeKeyOf)).toEqual(['organizationId', 'schön', undefined]);
  });
});
