import { expect, it } from '@jest/globals';
import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, Entity, JoinTable, ManyToMany, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { tenantKeysOf } from '../../../../lib/orm/policy/tenant-keys.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ tenant: String, branch: Number });

@Entity()
@TenantScoped()
class Office {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
}
@Entity()
@TenantScoped({ omit: ['branch'] })
class Agent {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @ManyToMany(() => Office) @JoinTable({ name: 'agent_office' }) offices!: Relation<Office[]>;
}
@Entity()
@TenantScoped({ via: 'agent' })
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Agent, { nullable: false }) agent!: Relation<Agent>;
}
@Entity()
@TenantShared('a test')
class Color {
  @PrimaryGeneratedColumn() id!: number;
}
@Entity()
class Mystery {
  @PrimaryGeneratedColumn() id!: number;
}

it.each([
  ['those of its columns', 'Office', ['tenant', 'branch']],
  ['those of its columns', 'Agent', ['tenant']],
  ['those of the row that it belongs to', 'Note', ['tenant']],
  ['those of both rows that it links', 'agent_office', ['tenant', 'branch']],
  ['none, for a shared row', 'Color', []],
])('the scope keys that decide whose a row is are %s: %s', async (_which, name, keys) => {
  const dataSource = await unconnected('postgres', [Office, Agent, Note, Color, Mystery]);
  const { policies } = requireEnforcement(dataSource);
  const found = tenantKeysOf(dataSource.getMetadata(name), (metadata) => policies.of(metadata));
  expect([...found!].sort()).toEqual([...keys].sort());
});

it('the owner of a row of an undeclared entity is unknown', async () => {
  const dataSource = await unconnected('postgres', [Mystery]);
  const { policies } = requireEnforcement(dataSource);
  expect(tenantKeysOf(dataSource.getMetadata(Mystery), (metadata) => policies.of(metadata))).toBeUndefined();
});
