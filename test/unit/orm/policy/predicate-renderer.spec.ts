import { describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  Column,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import type { RowSet } from '../../../../lib/orm/policy/tenant-policy.js';
import { scopeParameter } from '../../../../lib/orm/policy/scope-parameters.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ tenant: String, branch: Number });
const tenancy = new Tenancy();

type Database = Parameters<typeof unconnected>[0];
type Type = new () => object;

/** The condition of a table, with `:tenant` and `:branch` for the values of the scope, and without quotes. */
async function condition(
  database: Database,
  entities: Type[],
  of: Type | string,
  rows: RowSet = 'visible',
): Promise<string> {
  const dataSource = await unconnected(database, entities);
  // As the driver finds out when it connects to a server.
  if (database === 'mariadb') Object.assign(dataSource.driver, { uuidColumnTypeSuported: true });
  const metadata = dataSource.getMetadata(of);
  const { policies } = requireEnforcement(dataSource);
  const text = tenancy.run({ tenant: 'acme', branch: 1 }, () => policies.predicateFor(metadata, 'x', rows));
  return (
    text
      .replaceAll(/[`"](\w+)[`"]/g, '$1')
      // A type that is compared with no text may have a parameter of its own.
      .replaceAll(new RegExp(`${scopeParameter('tenant')}(?:_[0-9a-f]+)?`, 'g'), 'tenant')
      .replaceAll(scopeParameter('branch'), 'branch')
  );
}

/** Rows of the world, of a tenant, or of one branch of it. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Style {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: String, nullable: true }) tenant!: string | null;
  @Column({ type: Number, nullable: true }) branch!: number | null;
}
/** Rows of a tenant, or of one branch of it. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Rule {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column({ type: Number, nullable: true }) branch!: number | null;
}
@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
  @ManyToMany(() => Style) @JoinTable({ name: 'ticket_style' }) styles!: Relation<Style[]>;
}
@Entity()
@TenantScoped({ via: 'style' })
class Line {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Style, { nullable: false }) style!: Relation<Style>;
  @ManyToMany(() => Rule) @JoinTable({ name: 'line_rule' }) rules!: Relation<Rule[]>;
}
@Entity()
@Tree('closure-table')
@TenantScoped({ nullMeans: 'shared' })
class Topic {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column({ type: Number, nullable: true }) branch!: number | null;
  @TreeParent() parent!: Relation<Topic> | null;
  @TreeChildren() children!: Relation<Topic[]>;
}
const ENTITIES: Type[] = [Style, Rule, Ticket, Line, Topic];

const PARENT = 'muck_parent_1';
const styleOf = (owner: string): string => `EXISTS (SELECT 1 FROM style ${PARENT} WHERE ${PARENT}.id = ${owner} AND`;
const VISIBLE_STYLE = `((${PARENT}.tenant = :tenant AND ${PARENT}.branch = :branch) OR (${PARENT}.tenant IS NULL AND ${PARENT}.branch IS NULL))`;
const OWN_STYLE = `${PARENT}.tenant = :tenant AND ${PARENT}.branch = :branch`;
const VISIBLE = '(x.branch = :branch OR x.branch IS NULL)';

describe('a row whose tenant columns are NULL', () => {
  it('is seen, and not written: by all columns, or by those that may be NULL', async () => {
    expect(await condition('postgres', ENTITIES, Style)).toBe(
      '((x.tenant = :tenant AND x.branch = :branch) OR (x.tenant IS NULL AND x.branch IS NULL))',
    );
    expect(await condition('postgres', ENTITIES, Style, 'own')).toBe('x.tenant = :tenant AND x.branch = :branch');
    expect(await condition('postgres', ENTITIES, Rule)).toBe(`x.tenant = :tenant AND ${VISIBLE}`);
    expect(await condition('postgres', ENTITIES, Rule, 'own')).toBe('x.tenant = :tenant AND x.branch = :branch');
  });

  it('is none where NULL means nothing', async () => {
    const both = 'x.tenant = :tenant AND x.branch = :branch';
    expect(await condition('postgres', ENTITIES, Ticket)).toBe(both);
    expect(await condition('postgres', ENTITIES, Ticket, 'own')).toBe(both);
  });
});

describe('a row that belongs to another one', () => {
  it('is seen with it, and written if that one is the own of the tenant', async () => {
    expect(await condition('postgres', ENTITIES, Line)).toBe(`${styleOf('x.styleId')} ${VISIBLE_STYLE})`);
    expect(await condition('postgres', ENTITIES, Line, 'own')).toBe(`${styleOf('x.styleId')} ${OWN_STYLE})`);
  });
});

describe('a link between two rows', () => {
  const ticket = `EXISTS (SELECT 1 FROM ticket ${PARENT} WHERE ${PARENT}.id = x.ticketId AND ${OWN_STYLE})`;
  const style = `${styleOf('x.styleId')} ${VISIBLE_STYLE})`;

  it('of which one is always the own of the tenant is written as it is seen', async () => {
    expect(await condition('postgres', ENTITIES, 'ticket_style')).toBe(`${ticket} AND ${style}`);
    expect(await condition('postgres', ENTITIES, 'ticket_style', 'own')).toBe(`${ticket} AND ${style}`);
  });

  it('that may both be shared is written if one of them is the own of the tenant', async () => {
    const seen = await condition('postgres', ENTITIES, 'line_rule');
    const line = (rows: string): string =>
      `EXISTS (SELECT 1 FROM line ${PARENT} WHERE ${PARENT}.id = x.lineId AND ` +
      `EXISTS (SELECT 1 FROM style muck_parent_2 WHERE muck_parent_2.id = ${PARENT}.styleId AND ${rows.replaceAll(PARENT, 'muck_parent_2')}))`;
    const rule = (rows: string): string =>
      `EXISTS (SELECT 1 FROM rule ${PARENT} WHERE ${PARENT}.id = x.ruleId AND ${rows})`;
    const visibleRule = `${PARENT}.tenant = :tenant AND (${PARENT}.branch = :branch OR ${PARENT}.branch IS NULL)`;
    expect(seen).toBe(`${line(VISIBLE_STYLE)} AND ${rule(visibleRule)}`);
    expect(await condition('postgres', ENTITIES, 'line_rule', 'own')).toBe(
      `${seen} AND (${line(OWN_STYLE)} OR ${rule(OWN_STYLE)})`,
    );
  });

  it('of a tree is written if the row below is the own of the tenant, below a shared one too', async () => {
    const topic = (side: string, rows: string): string =>
      `EXISTS (SELECT 1 FROM topic ${PARENT} WHERE ${PARENT}.id = x.id_${side} AND ${rows})`;
    const visible = `${PARENT}.tenant = :tenant AND (${PARENT}.branch = :branch OR ${PARENT}.branch IS NULL)`;
    expect(await condition('postgres', ENTITIES, 'topic_closure')).toBe(
      `${topic('ancestor', visible)} AND ${topic('descendant', visible)}`,
    );
    expect(await condition('postgres', ENTITIES, 'topic_closure', 'own')).toBe(
      `${topic('ancestor', visible)} AND ${topic('descendant', OWN_STYLE)}`,
    );
  });
});

describe('a tenant is compared exactly', () => {
  @Entity()
  @TenantScoped()
  class Collated {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ collation: 'BINARY' }) tenant!: string;
    @Column({ collation: 'BINARY' }) branch!: number;
  }
  @Entity()
  @TenantScoped()
  class ByUuid {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ type: 'uuid' }) tenant!: string;
    @Column() branch!: number;
  }

  it.each<[Database, Type, string]>([
    ['postgres', Collated, 'x.tenant = :tenant AND x.tenant COLLATE "C" = :tenant AND x.branch = :branch'],
    ['postgres', ByUuid, 'x.tenant = :tenant AND x.branch = :branch'],
    ['sqljs', Collated, 'x.tenant = :tenant AND x.branch = :branch'],
    ['mariadb', Collated, 'x.tenant = :tenant AND BINARY x.tenant = :tenant AND x.branch = :branch'],
    ['mysql', Collated, 'x.tenant = :tenant AND BINARY x.tenant = :tenant AND x.branch = :branch'],
    ['mysql', ByUuid, 'x.tenant = :tenant AND BINARY x.tenant = :tenant AND x.branch = :branch'],
    ['mariadb', ByUuid, 'x.tenant = :tenant AND x.branch = :branch'],
  ])('on %s by %p', async (database, entity, expected) => {
    expect((await condition(database, [entity], entity)).replaceAll('COLLATE C', 'COLLATE "C"')).toBe(expected);
  });
});
