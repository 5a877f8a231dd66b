import { describe, expect, it } from '@jest/globals';
import { Tenancy } from 'nestjs-muck';
import { EntitySchema } from 'typeorm';
import type { DataSource, EntityMetadata, EntitySchemaRelationOptions } from 'typeorm';
import type { EntitySchemaForeignKeyOptions } from 'typeorm/entity-schema/EntitySchemaForeignKeyOptions.js';
import { Cascades } from '../../../../lib/orm/policy/cascade-analysis.js';
import type { TenantPolicy } from '../../../../lib/orm/policy/tenant-policy.js';
import { unconnected } from '../../../support/unconnected.js';

interface Table {
  /** Scope keys that its rows have a tenant column for; none in a shared entity, undefined in an undeclared one. */
  readonly keys: readonly string[] | undefined;
  readonly relations?: Readonly<Record<string, EntitySchemaRelationOptions>>;
  readonly foreignKeys?: EntitySchemaForeignKeyOptions[];
  /** The name of the table, if it is not that of the entity. */
  readonly tableName?: string;
}
type Tables = Readonly<Record<string, Table>>;

/** A foreign key to the whole primary key, or to the columns that are given. */
function to(
  target: string,
  rules: Pick<EntitySchemaRelationOptions, 'onDelete' | 'onUpdate'>,
  ...referenced: string[]
): EntitySchemaRelationOptions {
  const joinColumn = referenced.map((column) => ({ name: `${target}_${column}`, referencedColumnName: column }));
  return { type: 'many-to-one', target, ...rules, ...(joinColumn.length > 0 && { joinColumn }) };
}

const ON_DELETE = { onDelete: 'CASCADE' } as const;
const ON_UPDATE = { onUpdate: 'CASCADE' } as const;

class Database {
  private constructor(
    private readonly dataSource: DataSource,
    private readonly cascades: Cascades,
  ) {}

  static async of(tables: Tables): Promise<Database> {
    const dataSource = await unconnected('postgres', Database.schemasOf(tables));
    const lookup = ({ name, columns: [column] }: EntityMetadata): TenantPolicy => {
      const { keys } = tables[name];
      if (keys === undefined) return { kind: 'undeclared' };
      if (keys.length === 0) return { kind: 'shared' };
      return { kind: 'columns', columns: keys.map((key) => ({ key, column })), sharedIfNull: [] };
    };
    return new Database(dataSource, new Cascades(dataSource, lookup));
  }

  private static schemasOf(tables: Tables): EntitySchema[] {
    return Object.entries(tables).map(
      ([name, { keys: _, ...options }]) =>
        new EntitySchema<unknown>({
          name,
          ...options,
          columns: {
            id: { type: Number, primary: true },
            code: { type: String, unique: true },
            mark: { type: String, unique: true },
          },
        }),
    );
  }

  ofDelete(table: string): string | undefined {
    return this.cascades.ofDelete(this.dataSource.getMetadata(table))?.by;
  }

  ofUpdate(table: string, ...changed: string[]): string | undefined {
    return this.cascades.ofUpdate(this.dataSource.getMetadata(table), new Set(changed))?.by;
  }

  /** Initialises the DataSource again, with other entities. */
  async change(tables: Tables): Promise<void> {
    this.dataSource.setOptions({ entities: Database.schemasOf(tables) });
    await (this.dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
  }
}

describe('deleting rows', () => {
  it('reaches no other tenant by rows whose scope keys are those of the deleted ones', async () => {
    const database = await Database.of({
      Project: { keys: ['org'] },
      Task: { keys: ['org'], relations: { project: to('Project', ON_DELETE) } },
      Note: { keys: ['org'], relations: { task: to('Task', ON_DELETE) } },
    });
    expect(database.ofDelete('Project')).toBeUndefined();
  });

  it('reaches other tenants by rows with more scope keys', async () => {
    const database = await Database.of({
      Project: { keys: ['org'] },
      Task: { keys: ['org', 'team'], relations: { project: to('Project', ON_DELETE) } },
    });
    expect(database.ofDelete('Project')).toBe('Task.project (ON DELETE CASCADE)');
  });

  it('reaches other tenants behind rows with fewer scope keys', async () => {
    const database = await Database.of({
      Project: { keys: ['org', 'team'] },
      Task: { keys: ['org'], relations: { project: to('Project', ON_DELETE) } },
      Note: { keys: ['org', 'team'], relations: { task: to('Task', ON_DELETE) } },
    });
    expect(database.ofDelete('Project')).toBe('Note.task (ON DELETE CASCADE)');
  });

  it('reaches other tenants behind a shared row', async () => {
    const database = await Database.of({
      Project: { keys: ['org'] },
      List: { keys: [], relations: { project: to('Project', ON_DELETE) } },
      Task: { keys: ['org'], relations: { list: to('List', ON_DELETE) } },
    });
    expect(database.ofDelete('Project')).toBe('Task.list (ON DELETE CASCADE)');
    expect(database.ofDelete('List')).toBe('Task.list (ON DELETE CASCADE)');
  });

  it.each(['CASCADE', 'SET NULL'] as const)('reaches other tenants by ON DELETE %s', async (onDelete) => {
    const database = await Database.of({
      List: { keys: [] },
      Task: { keys: ['org'], relations: { list: to('List', { onDelete }) } },
    });
    expect(database.ofDelete('List')).toBe(`Task.list (ON DELETE ${onDelete})`);
  });

  it.each(['RESTRICT', 'NO ACTION', undefined] as const)('reaches no row by ON DELETE %s', async (onDelete) => {
    const database = await Database.of({
      List: { keys: [] },
      Task: { keys: ['org'], relations: { list: to('List', { onDelete, onUpdate: 'CASCADE' }) } },
    });
    expect(database.ofDelete('List')).toBeUndefined();
  });

  it('reaches rows behind cleared ones by the cleared column alone', async () => {
    const tables = (...referenced: string[]): Tables => ({
      Project: { keys: ['org'] },
      Task: {
        keys: ['org'],
        foreignKeys: [
          {
            target: 'Project',
            columnNames: ['code'],
            referencedColumnNames: ['code'],
            onDelete: 'SET NULL',
          },
        ],
      },
      Note: { keys: ['org', 'team'], relations: { task: to('Task', { ...ON_DELETE, ...ON_UPDATE }, ...referenced) } },
    });
    expect((await Database.of(tables('code'))).ofDelete('Project')).toBe('Note.task (ON UPDATE CASCADE)');
    expect((await Database.of(tables('mark'))).ofDelete('Project')).toBeUndefined();
  });

  it('reaches what is behind rows that one key clears and another one deletes', async () => {
    const clears = to('Project', { onDelete: 'SET NULL' });
    const deletes = to('Project', ON_DELETE);
    for (const relations of [
      { clears, deletes },
      { deletes, clears },
    ]) {
      const database = await Database.of({
        Project: { keys: ['org'] },
        Task: { keys: ['org'], relations },
        Note: { keys: ['org', 'team'], relations: { task: to('Task', ON_DELETE) } },
      });
      expect(database.ofDelete('Project')).toBe('Note.task (ON DELETE CASCADE)');
    }
  });

  it('reaches what is behind each of two columns that it clears', async () => {
    const clears = (column: string): EntitySchemaForeignKeyOptions => ({
      target: 'Project',
      columnNames: [column],
      referencedColumnNames: [column],
      onDelete: 'SET NULL',
    });
    for (const column of ['code', 'mark']) {
      const database = await Database.of({
        Project: { keys: ['org'] },
        Task: { keys: ['org'], foreignKeys: [clears('code'), clears('mark')] },
        Note: { keys: ['org', 'team'], relations: { task: to('Task', ON_UPDATE, column) } },
      });
      expect(database.ofDelete('Project')).toBe('Note.task (ON UPDATE CASCADE)');
    }
  });

  it('ends where rows refer to rows of their own kind', async () => {
    const database = await Database.of({
      Folder: { keys: ['org'], relations: { parent: to('Folder', ON_DELETE), file: to('File', ON_DELETE) } },
      File: { keys: ['org'], relations: { folder: to('Folder', ON_DELETE) } },
    });
    expect(database.ofDelete('Folder')).toBeUndefined();
  });

  it('names a foreign key that is no relation by its property', async () => {
    const database = await Database.of({
      List: { keys: [] },
      Task: {
        keys: ['org'],
        foreignKeys: [{ target: 'List', columnNames: ['mark'], referencedColumnNames: ['mark'], onDelete: 'CASCADE' }],
      },
    });
    expect(database.ofDelete('List')).toBe('Task.mark (ON DELETE CASCADE)');
  });
});

describe('changing a key', () => {
  const tables: Tables = {
    List: { keys: [] },
    Task: { keys: ['org'], relations: { list: to('List', { ...ON_UPDATE, onDelete: 'RESTRICT' }, 'code', 'mark') } },
  };

  it('reaches the rows that refer by one of its columns', async () => {
    const database = await Database.of(tables);
    expect(database.ofUpdate('List', 'code')).toBe('Task.list (ON UPDATE CASCADE)');
    expect(database.ofUpdate('List', 'id', 'mark')).toBe('Task.list (ON UPDATE CASCADE)');
    expect(database.ofUpdate('List', 'code', 'mark')).toBe('Task.list (ON UPDATE CASCADE)');
  });

  it('that no row refers to reaches no other row, and neither does a deletion then', async () => {
    const database = await Database.of(tables);
    expect(database.ofUpdate('List', 'id')).toBeUndefined();
    expect(database.ofUpdate('List')).toBeUndefined();
    expect(database.ofUpdate('Task', 'id')).toBeUndefined();
    expect(database.ofDelete('List')).toBeUndefined();
  });

  it('is asked for each set of columns, and a deletion for itself', async () => {
    const database = await Database.of(tables);
    expect(database.ofUpdate('List', 'id')).toBeUndefined();
    expect(database.ofUpdate('List', 'code')).toBe('Task.list (ON UPDATE CASCADE)');
    expect(database.ofDelete('List')).toBeUndefined();
    expect(database.ofUpdate('List', 'code')).toBe('Task.list (ON UPDATE CASCADE)');
  });

  it('reaches rows behind those that refer to it by the same column, and deletes none', async () => {
    const behind = (rules: typeof ON_DELETE | typeof ON_UPDATE): Tables => ({
      Project: { keys: ['org'] },
      Task: {
        keys: ['org'],
        foreignKeys: [
          { target: 'Project', columnNames: ['code'], referencedColumnNames: ['code'], onUpdate: 'CASCADE' },
        ],
      },
      Note: { keys: ['org', 'team'], relations: { task: to('Task', rules, 'code') } },
    });
    expect((await Database.of(behind(ON_UPDATE))).ofUpdate('Project', 'code')).toBe('Note.task (ON UPDATE CASCADE)');
    expect((await Database.of(behind(ON_DELETE))).ofUpdate('Project', 'code')).toBeUndefined();
  });
});

describe('a table of several entities', () => {
  it('may have been referred to by any of them: all their scope keys count', async () => {
    const referring = { relations: { project: to('Project', ON_DELETE) } };
    const own = { tableName: 'project' };
    const narrow = await Database.of({
      Project: { keys: ['org'], ...own },
      Archived: { keys: ['org', 'team'], ...own },
      Task: { keys: ['org'], ...referring },
    });
    expect(narrow.ofDelete('Project')).toBeUndefined();
    expect(narrow.ofDelete('Archived')).toBeUndefined();
    const wide = await Database.of({
      Project: { keys: ['org', 'team'], ...own },
      Archived: { keys: ['org'], ...own },
      Task: { keys: ['org', 'team'], ...referring },
    });
    expect(wide.ofDelete('Project')).toBe('Task.project (ON DELETE CASCADE)');
    expect(wide.ofDelete('Archived')).toBe('Task.project (ON DELETE CASCADE)');
  });

  it('has nothing in common with the scope if one of them is undeclared', async () => {
    const own = { tableName: 'project' };
    const task = { keys: ['org'], relations: { project: to('Project', ON_DELETE) } };
    const first = await Database.of({
      Project: { keys: undefined, ...own },
      Archived: { keys: ['org'], ...own },
      Task: task,
    });
    expect(first.ofDelete('Archived')).toBe('Task.project (ON DELETE CASCADE)');
    const last = await Database.of({
      Project: { keys: ['org'], ...own },
      Archived: { keys: undefined, ...own },
      Task: task,
    });
    expect(last.ofDelete('Project')).toBe('Task.project (ON DELETE CASCADE)');
  });

  it('has rows of whatever tenant one of them says', async () => {
    const task = (keys: readonly string[] | undefined) => ({ keys, tableName: 'task' });
    const relations = { project: to('Project', ON_DELETE) };
    for (const keys of [['org', 'team'], undefined]) {
      const database = await Database.of({
        Project: { keys: ['org'] },
        Task: { ...task(['org']), relations },
        Chore: task(keys),
      });
      expect(database.ofDelete('Project')).toBe('Task.project (ON DELETE CASCADE)');
    }
  });
});

describe('an undeclared table', () => {
  it('may hold rows of anybody', async () => {
    const database = await Database.of({
      Project: { keys: ['org'] },
      Task: { keys: undefined, relations: { project: to('Project', ON_DELETE) } },
    });
    expect(database.ofDelete('Project')).toBe('Task.project (ON DELETE CASCADE)');
  });
});

describe('code that is unscoped for an entity', () => {
  const tenancy = new Tenancy();
  const without = <R>(entity: string, fn: () => R): R => tenancy.unscoped('a test', { entities: [entity] }, fn);

  it('may change all its rows, but none of others behind them', async () => {
    const database = await Database.of({
      List: { keys: [] },
      Task: { keys: ['org'], relations: { list: to('List', ON_DELETE) } },
      Note: { keys: ['org'], relations: { task: to('Task', ON_DELETE) } },
    });
    expect(database.ofDelete('List')).toBe('Task.list (ON DELETE CASCADE)');
    expect(without('Task', () => database.ofDelete('List'))).toBe('Note.task (ON DELETE CASCADE)');
    expect(database.ofDelete('Task')).toBeUndefined();
    expect(without('Task', () => database.ofDelete('Task'))).toBe('Note.task (ON DELETE CASCADE)');
  });

  it('reaches rows of other tenants by whichever way to its rows has fewer scope keys', async () => {
    const direct = to('Project', ON_DELETE);
    const behind = to('Entry', ON_DELETE);
    for (const relations of [
      { direct, behind },
      { behind, direct },
    ]) {
      const database = await Database.of({
        Project: { keys: ['org', 'team'] },
        List: { keys: ['org'], relations: { project: to('Project', ON_DELETE) } },
        Entry: { keys: ['org'], relations: { list: to('List', ON_DELETE) } },
        Task: { keys: ['org', 'team'], relations: { ...relations } },
        Note: { keys: ['org', 'team'], relations: { task: to('Task', ON_DELETE) } },
      });
      expect(without('Task', () => database.ofDelete('Project'))).toBe('Note.task (ON DELETE CASCADE)');
    }
  });

  it('may do so if it is undeclared', async () => {
    const database = await Database.of({
      Project: { keys: ['org'] },
      Task: { keys: undefined, relations: { project: to('Project', ON_DELETE) } },
      Note: { keys: ['org'], relations: { task: to('Task', ON_DELETE) } },
    });
    expect(without('Task', () => database.ofDelete('Project'))).toBe('Note.task (ON DELETE CASCADE)');
  });
});

it('an application that is initialised again with other entities has other cascades', async () => {
  const task = { keys: ['org'], relations: { list: to('List', ON_DELETE) } };
  const database = await Database.of({ List: { keys: [] }, Task: task });
  expect(database.ofDelete('List')).toBe('Task.list (ON DELETE CASCADE)');
  await database.change({ List: { keys: [] } });
  expect(database.ofDelete('List')).toBeUndefined();
});
