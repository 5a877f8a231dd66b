import { beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScopeMissingError } from 'nestjs-muck';
import type { Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  currentBuildContext,
  outsideBuildContext,
  buildStatement,
} from '../../../../lib/orm/writes/statement-context.js';
import { scopeKeyOf, scopeParameter } from '../../../../lib/orm/policy/scope-parameters.js';
import { isLimitedNow, tenantPropertiesOf } from '../../../../lib/orm/tenant-columns.js';
import { DESK_ENTITIES, Invoice, News, Ticket, Verdict } from '../../../support/desk.js';
import { unconnected } from '../../../support/unconnected.js';
import { ACME, tenancy } from '../../../support/world.js';

/*
 * What builders note while the text of a statement is made, and the little that other layers ask of an entity's policy.
 */

const inSection = <R>(entities: unknown[] | undefined, fn: () => R): R =>
  entities === undefined ? tenancy.unscoped('why', fn) : tenancy.unscoped('why', { entities: entities as never }, fn);
const inAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);

describe('what a resource asks of an entity', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('sqljs', DESK_ENTITIES);
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

describe('the notes on a statement whose text is made', () => {
  const insert = { table: 'ticket', text: 'x' };

  it('are those of all builders in it', () => {
    const notes = buildStatement((rendering) => {
      currentBuildContext()!.inserts.push(insert);
      expect(currentBuildContext()).toBe(rendering);
      return rendering;
    });
    expect(notes).toEqual({ inserts: [insert], writes: [], lookups: [], unscoped: [] });
    expect(currentBuildContext()).toBeUndefined();
  });

  it('are not those of another statement that is made meanwhile, and go on when that fails', () => {
    const notes = buildStatement((rendering) => {
      expect(buildStatement((inner) => (currentBuildContext()!.inserts.push(insert), inner.inserts))).toEqual([insert]);
      expect(currentBuildContext()).toBe(rendering);
      const failing = (): never => {
        throw new Error('fails');
      };
      for (const run of [buildStatement, outsideBuildContext]) {
        expect(() => run(failing)).toThrow('fails');
        expect(currentBuildContext()).toBe(rendering);
      }
      expect(outsideBuildContext(currentBuildContext)).toBeUndefined();
      expect(outsideBuildContext(() => 'answer')).toBe('answer');
      return rendering;
    });
    expect(notes.inserts).toEqual([]);
    expect(currentBuildContext()).toBeUndefined();
  });
});

describe("the names of parameters that carry the scope's values", () => {
  it('tell scope keys apart, and cannot be guessed', () => {
    const [one, other] = ['organizationId', 'schön'].map((key) => scopeParameter(key));
    expect(one).toMatch(/^muck[0-9a-f]{16}_6f7267616e697a6174696f6e4964$/);
    expect(other).toMatch(/^muck[0-9a-f]{16}_736368c3b66e$/);
    expect(scopeParameter('organizationId')).toBe(one);
    expect([one, other, 'organizationId'].map(scopeKeyOf)).toEqual(['organizationId', 'schön', undefined]);
  });
});
