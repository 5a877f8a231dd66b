import { describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped, TenantScopeViolationError } from 'nestjs-muck';
import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { ColumnOptions, ObjectLiteral } from 'typeorm';
import { assertExactTenants, uniqueKeysOf } from '../../../../lib/orm/writes/upsert-conflict-keys.js';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ tenant: String, branch: Number });

type Type = new () => object;

describe('the keys that an upsert may collide on', () => {
  @Entity()
  @TenantScoped({ nullMeans: 'shared' })
  @Unique(['tenant', 'code'])
  @Index(['tenant', 'name'], { unique: true })
  @Index(['plain'])
  @Index(['shared'], { unique: true, where: 'tenant IS NULL' })
  class Ticket {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ type: String, nullable: true }) tenant!: string | null;
    @Column() branch!: number;
    @Column() code!: string;
    @Column({ name: 'label' }) name!: string;
    @Column() plain!: string;
    @Column() shared!: string;
  }
  /** A part of the key is auto-increment. */
  @Entity()
  @TenantScoped()
  class Line {
    @PrimaryColumn() tenant!: string;
    @PrimaryGeneratedColumn() number!: number;
    @Column() branch!: number;
  }
  @Entity()
  @TenantScoped()
  class Office {
    @PrimaryColumn() tenant!: string;
    @PrimaryColumn() branch!: number;
  }

  const keysOf = async (entity: Type, ...rows: ObjectLiteral[]): Promise<string[][]> => {
    const dataSource = await unconnected('postgres', [Ticket, Line, Office]);
    return uniqueKeysOf(dataSource.getMetadata(entity), rows, requireEnforcement(dataSource).policies);
  };
  const others = [
    ['tenant', 'code'],
    ['tenant', 'label'],
  ];

  it('are all but those of shared rows, and a primary key that the database makes', async () => {
    expect(await keysOf(Ticket, {}, {})).toEqual(others);
    expect(await keysOf(Ticket, { id: 1 })).toEqual([['id'], ...others]);
    expect(await keysOf(Ticket, {}, { id: 1 })).toEqual([['id'], ...others]);
    expect(await keysOf(Line, {})).toEqual([]);
    expect(await keysOf(Line, { tenant: 'acme', number: 1 })).toEqual([['tenant', 'number']]);
  });

  it('have a primary key that the database does not make, even if the rows leave it out', async () => {
    expect(await keysOf(Office, {})).toEqual([['tenant', 'branch']]);
  });
});

describe('an upsert by a key with the tenant', () => {
  const upsert = async (
    database: 'postgres' | 'mysql' | 'mariadb' | 'sqljs',
    tenant: ColumnOptions,
    omit: readonly string[] = [],
  ): Promise<void> => {
    @Entity()
    @TenantScoped({ omit: [...omit] })
    class Ticket {
      @PrimaryGeneratedColumn() id!: number;
      @Column(tenant) tenant!: string;
      @Column() branch!: number;
    }
    const dataSource = await unconnected(database, [Ticket]);
    assertExactTenants(dataSource.getMetadata(Ticket), requireEnforcement(dataSource).policies);
  };

  it.each<[Parameters<typeof upsert>[0], ColumnOptions]>([
    ['postgres', { type: 'varchar' }],
    ['sqljs', { type: 'varchar' }],
    ['mysql', { type: 'varchar', collation: 'utf8mb4_bin' }],
    ['mariadb', { type: 'varchar', collation: 'BINARY' }],
    ['mariadb', { type: 'varchar', collation: 'utf8mb4_0900_BIN' }],
    ['mariadb', { type: 'uuid' }],
  ])('is exact on %s with the column %j', async (database, column) => {
    await expect(upsert(database, column)).resolves.toBeUndefined();
  });

  it.each<[Parameters<typeof upsert>[0], ColumnOptions]>([
    ['mysql', { type: 'varchar' }],
    ['mariadb', { type: 'varchar' }],
    ['mariadb', { type: 'varchar', collation: 'utf8mb4_general_ci' }],
    ['mariadb', { type: 'varchar', collation: 'utf8mb4_bin_ci' }],
    ['mariadb', { type: 'varchar', collation: 'binary_ci' }],
    ['mariadb', { type: 'varchar', collation: 'utf8_binary' }],
  ])('may meet a tenant of other case on %s with the column %j', async (database, column) => {
    await expect(upsert(database, column)).rejects.toThrow(TenantScopeViolationError);
  });

  it('is exact by numbers', async () => {
    await expect(upsert('mariadb', { type: 'varchar' }, ['tenant'])).resolves.toBeUndefined();
  });
});
