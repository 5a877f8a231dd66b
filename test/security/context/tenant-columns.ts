import { Tenancy, TenantScoped } from 'nestjs-muck';
import type { TenantScope } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { ColumnOptions } from 'typeorm';
import { createDatabase } from '../../support/databases.js';
import type { DatabaseKind } from '../../support/databases.js';

const tenancy = new Tenancy();

/** What became of the values of a tenant column's scope key. */
export interface Outcome {
  /** The message of the start, or of the first query, that refuses the column's type. */
  readonly refused?: string;
  /** Values that could not be a current scope. */
  readonly invalid: readonly unknown[];
  /** Values whose tenant saw another row than its own, or a changed key. */
  readonly confused: readonly unknown[];
}

/** Writes and reads one row for each value on a table whose tenant column has the given options. */
export async function outcomeOf(
  kind: DatabaseKind,
  column: ColumnOptions,
  values: readonly (string | number | bigint)[],
): Promise<Outcome> {
  @Entity()
  @TenantScoped()
  class Row {
    @PrimaryGeneratedColumn() id!: number;
    @Column(column) tenant!: string | number;
    @Column({ type: 'varchar', length: 400 }) of!: string;
  }
  const database = await createDatabase(kind);
  const dataSource = await new DataSource({ ...database.options, entities: [Row], synchronize: true }).initialize();
  try {
    const invalid: unknown[] = [];
    const confused: unknown[] = [];
    const rows = dataSource.getRepository(Row);
    const scopes: TenantScope[] = [];
    for (const tenant of values) {
      try {
        await tenancy.run({ tenant }, () => rows.insert({ of: String(tenant) }));
        scopes.push({ tenant });
      } catch (error) {
        const { name, message } = error as Error;
        if (name === 'MuckConfigurationError') return { refused: message, invalid, confused };
        if (name !== 'TenantScopeInvalidError') throw error;
        invalid.push(tenant);
      }
    }
    for (const scope of scopes) {
      const seen = await tenancy.run(scope, () => rows.find());
      const isExact = seen.length === 1 && seen[0].of === String(scope['tenant']);
      if (!isExact || String(seen[0].tenant) !== String(scope['tenant'])) confused.push(scope['tenant']);
    }
    return { invalid, confused };
  } finally {
    await dataSource.destroy();
    await database.drop();
  }
}
