import { describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped } from 'nestjs-muck';
import { Column, Entity, EntitySchema, Index, ManyToOne, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { Relation } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { holdsSharedOnly, isUnique } from '../../../../lib/orm/policy/unique-keys.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ tenant: String, branch: Number });

@Entity()
@TenantScoped({ nullMeans: 'shared' })
@Unique(['tenant', 'code'])
@Index(['serial'], { unique: true })
@Index(['name'], { unique: true, where: '"name" IS NOT NULL' })
@Index(['year'])
class Style {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: String, nullable: true }) tenant!: string | null;
  @Column({ type: Number, nullable: true }) branch!: number | null;
  @Column({ name: 'style_code' }) code!: string;
  @Column() serial!: string;
  @Column() name!: string;
  @Column() year!: number;
}

it.each([
  [['id'], true],
  [['id', 'year'], true],
  [['tenant', 'code'], true],
  [['code'], false],
  [['serial'], true],
  [['name'], false],
  [['year'], false],
  [[], false],
])('no two rows have the same values of %j: %p', async (properties, expected) => {
  const dataSource = await unconnected('postgres', [Style]);
  const metadata = dataSource.getMetadata(Style);
  const columns = properties.map((property) => metadata.findColumnWithPropertyPath(property)!);
  expect(isUnique(metadata, columns)).toBe(expected);
});

it('without a key any two rows may be the same', async () => {
  const view = new EntitySchema({
    name: 'Seen',
    type: 'view',
    expression: 'SELECT 1',
    columns: { id: { type: Number } },
  });
  const metadata = (await unconnected('postgres', [view])).getMetadata(view);
  expect(isUnique(metadata, metadata.columns)).toBe(false);
});

describe('an index holds shared rows only', () => {
  type Database = Parameters<typeof unconnected>[0];

  async function holds(where: string | undefined, database: Database = 'postgres'): Promise<boolean> {
    @Entity()
    @TenantScoped({ nullMeans: 'shared' })
    @Index(['code'], { unique: true, where })
    class Rule {
      @PrimaryGeneratedColumn() id!: number;
      @Column() tenant!: string;
      @Column({ name: 'Branch_Id', type: Number, nullable: true }) branch!: number | null;
      @Column() code!: string;
    }
    const dataSource = await unconnected(database, [Rule]);
    const metadata = dataSource.getMetadata(Rule);
    return holdsSharedOnly(metadata.indices[0], requireEnforcement(dataSource).policies.of(metadata));
  }

  it.each([
    '"Branch_Id" IS NULL',
    'branch_id is null',
    '`Branch_Id` IS NULL',
    '(("Branch_Id")  IS\nNULL)',
    'code IS NOT NULL AND "Branch_Id" IS NULL',
    `("Branch_Id" IS NULL) and (code <> 'a or b')`,
    `code <> 'it''s not' AND "Branch_Id" IS NULL AND code <> ''`,
  ])('whose condition is %s', async (where) => {
    expect(await holds(where)).toBe(true);
    expect(await holds(where, 'sqljs')).toBe(true);
  });

  it.each([
    undefined,
    '',
    '"Branch_Id" IS NOT NULL',
    'tenant IS NULL',
    `code = 'Branch_Id IS NULL'`,
    `code = ' AND Branch_Id IS NULL AND '`,
    'code IS NULL OR id > 1 AND "Branch_Id" IS NULL',
    'NOT (id > 1 AND "Branch_Id" IS NULL)',
    'CASE WHEN id > 1 AND "Branch_Id" IS NULL AND true THEN false END',
  ])('but not one whose condition is %s', async (where) => {
    expect(await holds(where)).toBe(false);
    expect(await holds(where, 'sqljs')).toBe(false);
  });

  it.each(['mysql', 'mariadb'] as const)('but none of %s, which leaves the condition out', async (database) => {
    expect(await holds('Branch_Id IS NULL', database)).toBe(false);
  });

  it('but none of a table whose rows have no tenant columns', async () => {
    @Entity()
    @TenantScoped({ via: 'style' })
    @Index(['code'], { unique: true, where: 'code IS NULL' })
    class Line {
      @PrimaryGeneratedColumn() id!: number;
      @Column() code!: string;
      @ManyToOne(() => Style, { nullable: false }) style!: Relation<Style>;
    }
    const dataSource = await unconnected('postgres', [Style, Line]);
    const metadata = dataSource.getMetadata(Line);
    const index = metadata.indices.find(({ columns }) => columns[0].propertyName === 'code')!;
    expect(holdsSharedOnly(index, requireEnforcement(dataSource).policies.of(metadata))).toBe(false);
  });
});
