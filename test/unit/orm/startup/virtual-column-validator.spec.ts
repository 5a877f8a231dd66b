import { describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn, ViewColumn, ViewEntity, VirtualColumn } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import type { PolicyRegistry } from '../../../../lib/orm/policy/policy-registry.js';
import { checkUndeclaredViews, checkVirtualColumns } from '../../../../lib/orm/startup/virtual-column.validator.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}
@Entity()
@TenantShared('the same for all')
class Color {
  @PrimaryGeneratedColumn() id!: number;
}

type Query = (alias: string) => string;

describe('a virtual column', () => {
  async function problemsOf(query: Query): Promise<string[]> {
    @Entity()
    class Agent {
      @PrimaryGeneratedColumn() id!: number;
      @VirtualColumn({ query }) made!: number;
    }
    const dataSource = await unconnected('postgres', [Ticket, Color, Agent]);
    const { policies, dialect } = requireEnforcement(dataSource);
    return checkVirtualColumns(dataSource.getMetadata(Agent), policies, dialect);
  }

  it.each<[string, Query]>([
    ['no table', (alias) => `${alias}.id + 1`],
    ['rows that are shared', () => 'SELECT count(*) FROM color'],
    ['a table that is no entity', () => 'SELECT count(*) FROM unknown'],
  ])('may read %s', async (_what, query) => {
    expect(await problemsOf(query)).toEqual([]);
  });

  it.each<[string, Query]>([
    ['alone', (alias) => `SELECT count(*) FROM ticket WHERE id = ${alias}.id`],
    ['behind others', () => 'SELECT count(*) FROM color JOIN ticket ON true'],
  ])('reads no rows that belong to tenants, %s', async (_where, query) => {
    expect(await problemsOf(query)).toEqual([
      'Agent.made is a @VirtualColumn whose SQL reads Ticket, which is tenant-scoped: its SQL cannot get a tenant predicate, so ' +
        'every query on Agent would be refused. Remove the column, and read Ticket in a query of its own: ' +
        "tenancy.sql(manager)`SELECT count(*) FROM ${table(Ticket, 'r')} WHERE …`.",
    ]);
  });

  it('is given an alias in quotes, as by TypeORM', async () => {
    const aliases: string[] = [];
    await problemsOf((alias) => (aliases.push(alias), alias));
    expect(aliases).toEqual(['"row"']);
  });

  it.each<[string, Query]>([
    [
      'throws',
      () => {
        throw new Error('no text');
      },
    ],
    ['returns none', () => undefined as never],
    ['returns a number', () => 7 as never],
  ])('whose function %s is told', async (_what, query) => {
    const throws = 'Agent.made is a @VirtualColumn whose query function throws. It must return a string.';
    expect(await problemsOf(query)).toEqual([throws]);
  });
});

describe('an undeclared view', () => {
  @ViewEntity({ name: 'plain', expression: 'SELECT id FROM color' })
  class Plain {
    @ViewColumn() id!: number;
  }
  @ViewEntity({ name: 'reading', expression: 'SELECT id FROM color UNION SELECT id FROM ticket' })
  class Reading {
    @ViewColumn() id!: number;
  }
  @ViewEntity({
    name: 'built',
    expression: (dataSource) => dataSource.createQueryBuilder().select('color.id').from(Color, 'color'),
  })
  class Built {
    @ViewColumn() id!: number;
  }
  @ViewEntity({ name: 'declared', expression: 'SELECT id FROM ticket' })
  @TenantShared('a test')
  class Declared {
    @ViewColumn() id!: number;
  }
  @Entity()
  class Loose {
    @PrimaryGeneratedColumn() id!: number;
  }
  const entities = [Ticket, Color, Plain, Reading, Built, Declared, Loose] as const;

  async function problemsOf(entity: (typeof entities)[number], allow = true): Promise<string[]> {
    const dataSource = await unconnected('postgres', [...entities]);
    const { policies, dialect } = requireEnforcement(dataSource) as { policies: PolicyRegistry; dialect: 'postgres' };
    if (allow) policies.allowUndeclared();
    return checkUndeclaredViews(dataSource.getMetadata(entity), policies, dialect);
  }

  it('that reads rows of tenants is told, and one whose reads are unknown', async () => {
    expect(await problemsOf(Reading)).toEqual([
      "Reading is an undeclared view that reads Ticket, which is tenant-scoped. Declare it: @TenantScoped() or @TenantShared('why').",
    ]);
    expect(await problemsOf(Built)).toEqual([
      "Built is an undeclared view that may read tenant-scoped rows. Declare it: @TenantScoped() or @TenantShared('why').",
    ]);
  });

  it.each<[string, (typeof entities)[number]]>([
    ['a view over shared rows', Plain],
    ['a view that is declared', Declared],
    ['a table', Loose],
    ['a table of tenants', Ticket],
  ])('is not %s', async (_what, entity) => {
    expect(await problemsOf(entity)).toEqual([]);
  });

  it('is told otherwise where undeclared entities are not allowed', async () => {
    expect(await problemsOf(Reading, false)).toEqual([]);
  });
});
