import { describe, expect, it } from '@jest/globals';
import { CrossTenant, Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { tenancyOf } from '../../../lib/tenancy/metadata/entity-tenancy.registry.js';
import {
  CONTROLLER_WORDS,
  decorate,
  list,
  product,
  rightOutcome,
  serve,
  WORDS,
} from '../../support/declared-entities.js';
import type { Outcome, Words } from '../../support/declared-entities.js';

let made = 0;

/** Declares an entity in every place that `words` names, in the given order of places, and returns what holds. */
function outcomeOf(words: Words, isReversed: boolean): Outcome {
  class Base {}
  class Entity extends Base {}
  const name = `Declared${made++}`;
  const places = [
    () => decorate(Base, words.base),
    () => decorate(Entity, words.entity),
    () => list(Entity, words.listedByClass),
    () => list(name, words.listedByName),
    () => serve(Entity, words.controller),
    () => serve(Base, words.baseController),
  ];
  if (isReversed) places.reverse();
  for (const declare of places) declare();
  const declared = tenancyOf(Entity, name);
  if (declared === undefined || declared.kind === 'contradictory') return 'refused';
  if (declared.kind === 'shared') return 'shared';
  return declared.options.columns?.['organizationId'] === 'ownerId' ? 'owner' : 'organization';
}

describe('the declaration of an entity', () => {
  const combinations = product<Words>({
    base: WORDS,
    entity: WORDS,
    listedByClass: ['none', 'organization', 'owner'],
    listedByName: ['none', 'owner', 'shared'],
    controller: CONTROLLER_WORDS,
    baseController: ['none', 'plain', 'owner'],
  });

  it.each(WORDS)('has one right outcome in every combination of places in which its base class says %s', (base) => {
    const wrong = combinations
      .filter((words) => words.base === base)
      .map((words) => ({ words, right: rightOutcome(words) }))
      .filter(({ words, right }) => outcomeOf(words, false) !== right || outcomeOf(words, true) !== right);
    expect(wrong).toEqual([]);
  });

  it('comes from the nearest of several classes', () => {
    class Top {}
    class Middle extends Top {}
    class Bottom extends Middle {}
    decorate(Top, 'owner');
    serve(Bottom, 'plain');
    expect(tenancyOf(Bottom)).toEqual({ kind: 'scoped', options: { columns: { organizationId: 'ownerId' } } });
    decorate(Middle, 'shared');
    expect(tenancyOf(Bottom)).toEqual({ kind: 'shared', why: 'a test' });
    expect(tenancyOf(Top)).toEqual({ kind: 'scoped', options: { columns: { organizationId: 'ownerId' } } });
  });

  it('names the two lines that disagree', () => {
    class Contract {}
    decorate(Contract, 'owner');
    list(Contract, 'organization');
    expect(tenancyOf(Contract)).toEqual({
      kind: 'contradictory',
      problem:
        "has two different declarations: @TenantScoped({ columns: { organizationId: 'ownerId' } }) on Contract, and " +
        'scoped(Contract) in forRoot({ entities }). Remove one, or make both the same',
    });
  });

  it('names the line of a shared entity too', () => {
    class Country {}
    decorate(Country, 'shared');
    list(Country, 'owner');
    expect(tenancyOf(Country)).toEqual({
      kind: 'contradictory',
      problem: expect.stringContaining(
        "has two different declarations: @TenantShared('a test') on Country, and scoped(Country",
      ),
    });
  });

  it('is not made by a controller over all tenants', () => {
    class Report {}
    class Reports extends CrudController<Report> {}
    Crud(Report)(Reports);
    decorate(Reports, 'owner');
    CrossTenant('reports of all')(Reports);
    expect(tenancyOf(Report)).toBeUndefined();
    decorate(Report, 'organization');
    expect(tenancyOf(Report)).toMatchObject({ kind: 'scoped' });
  });

  it('is made by the class that a controller extends', () => {
    class Invoice {}
    class Invoices extends CrudController<Invoice> {}
    class LateInvoices extends Invoices {}
    decorate(Invoices, 'owner');
    Crud(Invoice)(LateInvoices);
    expect(tenancyOf(Invoice)).toEqual({ kind: 'scoped', options: { columns: { organizationId: 'ownerId' } } });
  });

  it('leaves the columns to the entity where a controller says none', () => {
    class Offer {}
    class Offers extends CrudController<Offer> {}
    decorate(Offer, 'owner');
    Crud(Offer)(Offers);
    TenantScoped({ columns: undefined, via: undefined })(Offers);
    expect(tenancyOf(Offer)).toEqual({ kind: 'scoped', options: { columns: { organizationId: 'ownerId' } } });
  });

  it('is not made by @TenantShared on a controller', () => {
    class News {}
    serve(News, 'shared');
    expect(tenancyOf(News)).toEqual({
      kind: 'contradictory',
      problem: "has @TenantShared('a test') on EntityController on its controller. Put that line on the entity",
    });
  });
});
