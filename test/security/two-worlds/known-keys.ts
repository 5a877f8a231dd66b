import type { Random } from '../../support/random.js';
import { entityOf, givenKeyOf, keyPropertiesOf, rootOf, TENANTS } from './model.js';
import type { EntityModel, Model, TenantName } from './model.js';
import { holderFor, holdersOf, keyOf, ROWS } from './rows.js';

/** The parts of a key, without the tenant's: values, or references to the answer of a step. */
export type KeyParts = Readonly<Record<string, string | number>>;

/** Whose row a key names. */
export type Whose = 'own' | 'foreign' | 'missing';

/** Chooses keys of rows: planted ones, those that were made since, those of others, and those without a row. */
export class KnownKeys {
  private readonly made = new Map<string, KeyParts[]>();
  private count = 0;

  constructor(
    private readonly model: Model,
    private readonly random: Random,
  ) {}

  /** Remembers a row that a step has made. */
  add(tenant: TenantName, entity: EntityModel, step: number, given: KeyParts): void {
    const parts = Object.fromEntries(
      keyPropertiesOf(rootOf(this.model, entity)).map((name) => [name, given[name] ?? `{{${step}.${name}}}`]),
    );
    const name = `${tenant} ${entity.name}`;
    this.made.set(name, [...(this.made.get(name) ?? []), parts]);
  }

  /** The key of a row, mostly an own one. */
  pick(tenant: TenantName, entity: EntityModel, foreign = 0.25): { readonly key: KeyParts; readonly whose: Whose } {
    const { random } = this;
    if (random.chance(0.04)) return { key: this.missing(entity), whose: 'missing' };
    if (random.chance(foreign)) {
      const key = this.foreign(tenant, entity);
      if (key !== undefined) return { key, whose: 'foreign' };
    }
    return { key: this.own(tenant, entity) ?? this.missing(entity), whose: 'own' };
  }

  /** The key of a row that a tenant sees; undefined if there is none. */
  own(tenant: TenantName, asked: EntityModel): KeyParts | undefined {
    const { model, random } = this;
    const entity = this.concrete(asked);
    const made = this.made.get(`${tenant} ${entity.name}`) ?? [];
    if (made.length > 0 && random.chance(0.4)) return random.pick(made);
    const holder = holderFor(model, tenant, entity);
    const holders = holdersOf(model, entity);
    const all = holders.includes('all') && (holder === undefined || random.chance(0.3)) ? 'all' : holder;
    return all && keyOf(model, { entity, holder: all, index: random.below(ROWS) });
  }

  /** The key of a row of another tenant; undefined if its key says nothing without the tenant, or there is none. */
  foreign(tenant: TenantName, asked: EntityModel): KeyParts | undefined {
    const { model, random } = this;
    const entity = this.concrete(asked);
    if (rootOf(model, entity).key === 'tenant') return undefined;
    const own = holderFor(model, tenant, entity);
    const others = TENANTS.filter((name) => name !== tenant && name !== own && holdersOf(model, entity).includes(name));
    if (others.length === 0) return undefined;
    return keyOf(model, { entity, holder: random.pick(others), index: random.below(ROWS) });
  }

  /** The key of a row that is not there. */
  missing(entity: EntityModel): KeyParts {
    const { key } = rootOf(this.model, entity);
    if (key === 'uuid') return { id: '99999999-0000-4000-8000-000000000000' };
    if (key === 'parts') return { part: 'nobody', number: 1 };
    return { id: key === 'text' ? 'nobody' : 999_999 };
  }

  /** A key for a new row that no other row has; empty where the key is made. */
  fresh(tenant: TenantName, entity: EntityModel): KeyParts {
    const { key } = rootOf(this.model, entity);
    if (givenKeyOf(this.model, entity).length === 0) return {};
    const number = 10_000 * (1 + TENANTS.indexOf(tenant)) + ++this.count;
    if (key === 'uuid') return { id: `30000000-0000-4000-8000-${String(number).padStart(12, '0')}` };
    if (key === 'text') return { id: `${tenant}-${number}` };
    return key === 'parts' ? { part: tenant, number } : { id: number };
  }

  /** A row of a table that has children is a row of one of them, or of the root. */
  private concrete(entity: EntityModel): EntityModel {
    const shown = entity.kind === 'view' ? entityOf(this.model, entity.of!) : entity;
    if (shown.kind !== 'root') return shown;
    return this.random.pick([
      shown,
      ...this.model.entities.filter(({ of, kind }) => of === shown.name && kind === 'child'),
    ]);
  }
}

/** A key as the last part of a path. */
export function pathOfKey(key: KeyParts): string {
  return Object.values(key)
    .map((part) => (typeof part === 'string' && part.startsWith('{{') ? part : encodeURIComponent(part)))
    .join(',');
}

/** A key as a body names it: the bare value, or an object of its parts. */
export function valueOfKey(key: KeyParts, asObject = false): unknown {
  const parts = Object.values(key);
  return parts.length === 1 && !asObject ? parts[0] : key;
}
