import { describe, expect, it } from '@jest/globals';
import { CrossTenant, Crud, CrudController, scoped, shared, TenantScoped } from 'nestjs-muck';
import { EntitySchema } from 'typeorm';
import {
  declarationsVersion,
  entityOfController,
  registerCrudController,
  registerEntityTenancy,
  tenancyOf,
} from '../../../lib/tenancy/metadata/entity-tenancy.registry.js';
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

  it('is found by the entity name of a base class', () => {
    class Animal {}
    class Dog extends Animal {}
    list('NamedAnimal', 'owner');
    const found = tenancyOf(Dog, 'NamedDog', (type) => (type === Animal ? 'NamedAnimal' : undefined));
    expect(found).toMatchObject({ options: { columns: { organizationId: 'ownerId' } } });
    expect(tenancyOf(Dog, 'NamedDog')).toBeUndefined();
  });

  it('is found by a name alone', () => {
    list('NamedPlant', 'owner');
    expect(tenancyOf('NamedPlant')).toMatchObject({ options: { columns: { organizationId: 'ownerId' } } });
    expect(tenancyOf('plant', 'NamedPlant')).toMatchObject({ options: { columns: { organizationId: 'ownerId' } } });
    expect(tenancyOf('plant')).toBeUndefined();
  });

  it('is keyed by the class of an EntitySchema, and by its name without a class', () => {
    class Stone {}
    const columns = {};
    expect(scoped(new EntitySchema({ name: 'Rock', target: Stone, columns })).entity).toBe(Stone);
    expect(scoped(new EntitySchema({ name: 'Rock', columns })).entity).toBe('Rock');
    expect(shared(Stone, 'a test').entity).toBe(Stone);
    expect(shared('Rock', 'a test')).toEqual({ entity: 'Rock', declaration: { kind: 'shared', why: 'a test' } });
  });

  it('is not made by a controller that declares no tenancy', () => {
    class Visit {}
    class Visits {}
    registerCrudController(Visits, Visit);
    expect(tenancyOf(Visit)).toBeUndefined();
    CrossTenant('visits of all')(Visits);
    expect(tenancyOf(Visit)).toBeUndefined();
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

describe('the version of the declarations', () => {
  class Parcel {}
  class Parcels {}

  it('grows with each new declaration and each controller', () => {
    const versions = [declarationsVersion()];
    registerEntityTenancy(Parcel, { kind: 'scoped', options: {} }, 'decorator');
    versions.push(declarationsVersion());
    registerCrudController(Parcels, Parcel);
    versions.push(declarationsVersion());
    registerEntityTenancy(Parcel, { kind: 'shared', why: 'a test' }, 'decorator');
    versions.push(declarationsVersion());
    expect(versions.map((version) => version - versions[0])).toEqual([0, 1, 2, 3]);
  });

  it('stays the same when an agreeing declaration is made again', () => {
    class Letter {}
    registerEntityTenancy(Letter, { kind: 'shared', why: 'a test' }, 'decorator');
    const before = declarationsVersion();
    registerEntityTenancy(Letter, { kind: 'shared', why: 'another reason' }, 'forRoot');
    expect(declarationsVersion()).toBe(before);
  });
});

describe('the entity of a controller', () => {
  class Contract {}
  class Agreement {}
  class Contracts extends CrudController<Contract> {}
  class LateContracts extends Contracts {}

  it('is the one that the nearest class serves', () => {
    registerCrudController(Contracts, Contract);
    expect(entityOfController(LateContracts)).toBe(Contract);
    expect(entityOfController(class extends CrudController<Contract> {})).toBeUndefined();
  });

  it('is no longer the one that the controller served before', () => {
    decorate(Contracts, 'owner');
    registerCrudController(Contracts, Agreement);
    expect(tenancyOf(Contract)).toBeUndefined();
    expect(tenancyOf(Agreement)).toMatchObject({ kind: 'scoped' });
  });
});
