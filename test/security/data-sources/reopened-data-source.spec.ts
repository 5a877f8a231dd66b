import { describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { DatabaseKind } from '../../support/databases.js';
import { tenancy } from '../../support/annex.js';

declareScope({ organizationId: Number });

const ACME = { organizationId: 1 };
const GLOBEX = { organizationId: 2 };

@Entity()
@TenantScoped()
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
}

/** Opens a DataSource with a letter of each tenant, and closes it afterwards. */
async function withLetters<R>(
  kind: DatabaseKind,
  options: object,
  fn: (dataSource: DataSource) => Promise<R>,
): Promise<R> {
  const database = await createDatabase(kind);
  const dataSource = new DataSource({ ...database.options, ...options, entities: [Letter] });
  await dataSource.initialize();
  try {
    await dataSource.synchronize();
    await tenancy.unscoped('a letter each', async () => {
      await dataSource.getRepository(Letter).insert({ organizationId: 1, text: 'acme letter' });
      await dataSource.getRepository(Letter).insert({ organizationId: 2, text: 'globex letter' });
    });
    return await fn(dataSource);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.drop();
  }
}

const answerOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    (rows) => JSON.stringify(rows),
    (error: Error) => error.name,
  );

const cached = { cache: { id: 'letters', milliseconds: 60_000 } };

describe.each(databasesToTest())('G-01 G-04 a DataSource that changes on %s', (kind) => {
  // A database in memory ends with its connection.
  const lasting = kind === 'sqljs' ? (): void => undefined : it;

  lasting('still reads own rows when it is closed and opened again', () =>
    withLetters(kind, {}, async (dataSource) => {
      await dataSource.destroy();
      await dataSource.initialize();
      const read = tenancy.run(ACME, () => dataSource.getRepository(Letter).find());
      expect(await answerOf(read)).toBe('[{"id":1,"organizationId":1,"text":"acme letter"}]');
      expect(await answerOf(tenancy.run(ACME, () => dataSource.query('SELECT text FROM letter')))).toBe(
        'StatementRefusedError',
      );
    }),
  );

  lasting('keeps a cache apart by tenant that it is given when it is opened again', () =>
    withLetters(kind, {}, async (dataSource) => {
      await dataSource.destroy();
      dataSource.setOptions({ cache: { type: 'database' } } as never);
      await dataSource.initialize();
      await dataSource.synchronize();
      await answerOf(tenancy.run(GLOBEX, () => dataSource.getRepository(Letter).find(cached)));
      expect(await answerOf(tenancy.run(ACME, () => dataSource.getRepository(Letter).find(cached)))).not.toContain(
        'globex',
      );
    }),
  );

  it('keeps a cache apart by tenant that it is given while it is open', () =>
    withLetters(kind, {}, async (dataSource) => {
      dataSource.setOptions({ cache: { type: 'database' } } as never);
      await dataSource.queryResultCache!.connect();
      await dataSource.synchronize();
      await answerOf(tenancy.run(GLOBEX, () => dataSource.getRepository(Letter).find(cached)));
      expect(await answerOf(tenancy.run(ACME, () => dataSource.getRepository(Letter).find(cached)))).not.toContain(
        'globex',
      );
    }));

  it('shows no cached rows of another tenant to a raw SQL query', () =>
    withLetters(kind, { cache: { type: 'database' } }, async (dataSource) => {
      await tenancy.run(GLOBEX, () => dataSource.getRepository(Letter).find(cached));
      const table = dataSource.driver.escape('query-result-cache');
      expect(await answerOf(tenancy.run(ACME, () => dataSource.query(`SELECT * FROM ${table}`)))).not.toContain(
        'globex',
      );
    }));

  it('shows no cached rows of another tenant to a builder', () =>
    withLetters(kind, { cache: { type: 'database' } }, async (dataSource) => {
      await tenancy.run(GLOBEX, () => dataSource.getRepository(Letter).find(cached));
      const read = tenancy.run(ACME, () =>
        dataSource.createQueryBuilder().select('*').from('query-result-cache', 'c').getRawMany(),
      );
      expect(await answerOf(read)).not.toContain('globex');
    }));

  it('keeps rows of a cache apart when a raw SQL query writes into it', () =>
    withLetters(kind, { cache: { type: 'database' } }, async (dataSource) => {
      await tenancy.run(GLOBEX, () => dataSource.getRepository(Letter).find(cached));
      const table = dataSource.driver.escape('query-result-cache');
      await tenancy
        .run(ACME, () =>
          dataSource.query(
            `UPDATE ${table} SET result = '[{"Letter_id":7,"Letter_organizationId":2,"Letter_text":"forged"}]'`,
          ),
        )
        .catch(() => undefined);
      const read = tenancy.run(GLOBEX, () => dataSource.getRepository(Letter).find(cached));
      expect(await answerOf(read)).toContain('globex letter');
    }));

  it('writes nothing to a neighbour when a tenant is a fraction', () =>
    withLetters(kind, {}, async (dataSource) => {
      const write = (): Promise<unknown> => dataSource.getRepository(Letter).insert({ text: 'between' });
      await Promise.resolve()
        .then(() => tenancy.run({ organizationId: 1.6 }, write))
        .catch(() => undefined);
      const rows = await tenancy.run(GLOBEX, () => dataSource.getRepository(Letter).findBy({ text: 'between' }));
      expect(rows).toEqual([]);
    }));
});
