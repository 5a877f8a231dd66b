import type { Type } from '@nestjs/common';
import { TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, Entity, JoinColumn, ManyToOne, OneToOne, PrimaryColumn } from 'typeorm';
import type { RelationOptions } from 'typeorm';

/** How the rows between the tenant that writes and the tenant that is attacked belong to a tenant. */
export const OWNERS = ['shared', 'fewer keys', 'via fewer keys'] as const;
export type Owner = (typeof OWNERS)[number];

/** What the foreign key of the attacked row does, and the statement that sets it off. */
export const RULES = [
  { event: 'delete', onDelete: 'CASCADE' },
  { event: 'delete', onDelete: 'SET NULL' },
  { event: 'update', onUpdate: 'CASCADE' },
  { event: 'update', onUpdate: 'SET NULL' },
] as const;
export type Rule = (typeof RULES)[number];

/**
 * Entities in which a change of one tenant's row would reach another tenant's.
 *
 * `changed` is the entity whose row the tenant eu/1 deletes or gives another key. `owner` is what the attacked row refers to: the same
 * entity, or at a depth of two one that refers to it. `attacked` has both tenant keys.
 */
export interface Chain {
  readonly name: string;
  readonly rule: Rule;
  /** Parents of rows first. */
  readonly entities: readonly Type<object>[];
  readonly changed: Type<object>;
  readonly attacked: Type<object>;
  /** Rows of eu/1, and one of us/1 in the attacked entity; entity by entity. */
  readonly rows: readonly (readonly [Type<object>, object])[];
}

/** Makes the entities of one combination. */
export function chainOf(owner: Owner, rule: Rule, depth: 1 | 2): Chain {
  const rules: RelationOptions = 'onDelete' in rule ? { onDelete: rule.onDelete } : { onUpdate: rule.onUpdate };
  const name = `${owner}, ${Object.keys(rules)[0]} ${Object.values(rules)[0]}, depth ${depth}`;
  const tag = name.replaceAll(/[^A-Za-z0-9]+/g, '_').toLowerCase();
  const rows: [Type<object>, object][] = [];
  const entity = (role: string, tenant: 'both' | 'one' | 'none' | { via: string }): Type<object> => {
    const made = { [role]: class {} }[role];
    PrimaryColumn({ type: 'int' })(made.prototype, 'code');
    if (tenant === 'both') Column({ type: 'varchar', length: 2 })(made.prototype, 'region');
    if (tenant === 'both' || tenant === 'one') Column({ type: 'int' })(made.prototype, 'organizationId');
    if (tenant === 'none') TenantShared('the same for everybody')(made);
    else if (tenant === 'both') TenantScoped()(made);
    else TenantScoped(tenant === 'one' ? { omit: ['region'] } : tenant)(made);
    Entity(`${role}_${tag}`)(made);
    return made;
  };
  const eu = { region: 'eu', organizationId: 1 };

  const root = depth === 2 ? entity('root', 'both') : undefined;
  if (root !== undefined) rows.push([root, { code: 1, ...eu }]);

  const above = owner === 'via fewer keys' ? entity('above', 'one') : undefined;
  if (above !== undefined) rows.push([above, { code: 1, organizationId: 1 }]);
  const between = entity('between', above !== undefined ? { via: 'above' } : owner === 'fewer keys' ? 'one' : 'none');
  if (above !== undefined) {
    ManyToOne(() => above, { nullable: false })(between.prototype, 'above');
    Reflect.defineMetadata('design:type', above, between.prototype, 'above');
  }
  if (root !== undefined) {
    // The key of the row between is the key of the root, so that a change of the one changes the other.
    OneToOne(() => root, { onDelete: 'CASCADE', onUpdate: 'CASCADE' })(between.prototype, 'root');
    JoinColumn({ name: 'code' })(between.prototype, 'root');
  }
  rows.push([
    between,
    {
      code: 1,
      ...(above !== undefined && { above: { code: 1 } }),
      ...(owner === 'fewer keys' && { organizationId: 1 }),
    },
  ]);

  const attacked = entity('attacked', 'both');
  Column({ type: 'int', nullable: true })(attacked.prototype, 'betweenCode');
  ManyToOne(() => between, { ...rules, nullable: true })(attacked.prototype, 'between');
  JoinColumn({ name: 'betweenCode' })(attacked.prototype, 'between');
  rows.push([attacked, { code: 1, region: 'us', organizationId: 1, betweenCode: 1 }]);

  return { name, rule, entities: rows.map(([type]) => type), changed: root ?? between, attacked, rows };
}
