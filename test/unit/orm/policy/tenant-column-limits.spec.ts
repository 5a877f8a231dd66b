import { describe, expect, it } from '@jest/globals';
import { declareScope } from 'nestjs-muck';
import { EntitySchema } from 'typeorm';
import type { DataSource, EntityMetadata, EntitySchemaColumnOptions } from 'typeorm';
import type { TenantPolicy } from '../../../../lib/orm/policy/tenant-policy.js';
import { TenantColumnLimits } from '../../../../lib/orm/policy/tenant-column-limits.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ tenant: String, branch: Number });

type Tables = Readonly<Record<string, Readonly<Record<string, EntitySchemaColumnOptions>>>>;

const schemasOf = (tables: Tables): EntitySchema[] =>
  Object.entries(tables).map(
    ([name, columns]) =>
      new EntitySchema<unknown>({ name, columns: { id: { type: Number, primary: true }, ...columns } }),
  );

/** Each column that has the scope key's name is its tenant column; those in `undeclared` are not yet, and those in `wrong` never. */
class Opened {
  readonly undeclared = new Set<string>();
  readonly wrong = new Set<string>();
  readonly asked: string[] = [];
  readonly limits: TenantColumnLimits;

  private constructor(readonly dataSource: DataSource) {
    this.limits = new TenantColumnLimits(dataSource, (metadata) => this.policyOf(metadata));
    this.open();
  }

  static async with(database: 'postgres' | 'mariadb', tables: Tables): Promise<Opened> {
    return new Opened(await unconnected(database, schemasOf(tables)));
  }

  /** As if it were connected, or no more. */
  open(isInitialized = true): void {
    Object.assign(this.dataSource, { isInitialized });
  }

  async change(tables: Tables): Promise<void> {
    this.dataSource.setOptions({ entities: schemasOf(tables) });
    await (this.dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
  }

  of(key: string): string[] {
    return this.limits.limitsOf(key).map(({ column }) => column);
  }

  private policyOf(metadata: EntityMetadata): TenantPolicy {
    const { name } = metadata;
    this.asked.push(name);
    if (this.wrong.has(name)) throw new Error('does not fit');
    if (this.undeclared.has(name)) return { kind: 'undeclared' };
    const columns = ['tenant', 'branch'].flatMap((key) => {
      const column = metadata.findColumnWithPropertyPath(key);
      return column === undefined ? [] : [{ key, column }];
    });
    return columns.length === 0 ? { kind: 'shared' } : { kind: 'columns', columns, sharedIfNull: [] };
  }
}

const text = (length: number): EntitySchemaColumnOptions => ({ type: 'varchar', length });

describe('the limits of the values of a scope key', () => {
  it('are those of its columns, one of each type', async () => {
    const opened = await Opened.with('postgres', {
      A: { tenant: text(5), branch: { type: 'int' } },
      B: { tenant: text(5), branch: { type: 'bigint' } },
      C: { tenant: text(6) },
      D: { name: text(5) },
    });
    expect(opened.of('tenant')).toEqual(['A.tenant (character varying(5))', 'C.tenant (character varying(6))']);
    expect(opened.of('branch')).toEqual(['A.branch (integer)', 'B.branch (bigint)']);
    expect(opened.of('other')).toStrictEqual([]);
  });

  it.each<[string, EntitySchemaColumnOptions, EntitySchemaColumnOptions]>([
    ['signs', { type: 'int' }, { type: 'int', unsigned: true }],
    ['digits', { type: 'decimal', precision: 5 }, { type: 'decimal', precision: 6 }],
    ['fractions', { type: 'decimal', precision: 5, scale: 1 }, { type: 'decimal', precision: 5, scale: 2 }],
  ])('are told apart by %s', async (_by, one, other) => {
    const opened = await Opened.with('mariadb', { A: { branch: one }, B: { branch: other }, C: { branch: one } });
    expect(opened.of('branch')).toHaveLength(2);
  });

  it.each<[string, EntitySchemaColumnOptions]>([
    ['character set', { ...text(5), charset: 'ascii' }],
    ['collation', { ...text(5), collation: 'utf8mb4_bin' }],
    ['values', { type: 'enum', enum: ['a', 'b'] }],
    ['uniqueness', { ...text(5), unique: true }],
  ])('are told apart by %s too', async (_by, other) => {
    const plain = other.type === 'enum' ? { ...other, enum: ['a'] } : text(5);
    const opened = await Opened.with('mariadb', { A: { tenant: plain }, B: { tenant: other }, C: { tenant: plain } });
    expect(opened.of('tenant')).toHaveLength(2);
  });

  it('have none of a column that cannot be a tenant column', async () => {
    const opened = await Opened.with('postgres', {
      A: { tenant: { type: 'inet' }, branch: { type: 'int' } },
      B: { tenant: text(5) },
    });
    expect(opened.of('tenant')).toEqual(['B.tenant (character varying(5))']);
    expect(opened.of('branch')).toEqual(['A.branch (integer)']);
  });

  it('are none before the database is open, and none after it', async () => {
    const opened = await Opened.with('postgres', { A: { tenant: text(5) } });
    opened.open(false);
    expect(opened.of('tenant')).toStrictEqual([]);
    expect(opened.asked).toStrictEqual([]);
    opened.open();
    expect(opened.of('tenant')).toHaveLength(1);
    opened.open(false);
    expect(opened.of('tenant')).toStrictEqual([]);
  });

  it('grow with each entity that is declared, or fits, later', async () => {
    const opened = await Opened.with('postgres', {
      A: { tenant: text(5) },
      B: { tenant: text(6) },
      C: { tenant: text(7) },
    });
    opened.undeclared.add('B');
    opened.wrong.add('C');
    expect(opened.of('tenant')).toHaveLength(1);
    opened.undeclared.clear();
    expect(opened.of('tenant')).toHaveLength(2);
    opened.wrong.clear();
    expect(opened.of('tenant')).toHaveLength(3);
  });

  it('are read once', async () => {
    const opened = await Opened.with('postgres', { A: { tenant: text(5) }, B: {} });
    opened.of('tenant');
    opened.of('branch');
    opened.of('tenant');
    expect(opened.asked).toEqual(['A', 'B']);
  });

  it('are those of the entities that the database is opened with again', async () => {
    const opened = await Opened.with('postgres', { A: { tenant: text(5) }, B: { tenant: text(6) } });
    expect(opened.of('tenant')).toHaveLength(2);
    await opened.change({ C: { tenant: text(7) } });
    expect(opened.of('tenant')).toEqual(['C.tenant (character varying(7))']);
  });
});
