import { describe, expect, it } from '@jest/globals';
import { StatementRefusedError } from 'nestjs-muck';
import { DataSource } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { promises } from '../../support/attack.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import { News, Note, openDeskDataSource, Ticket } from '../../support/desk.js';
import { sow } from '../../support/desk-rows.js';
import { ACME, ACME_TICKETS, GLOBEX, tenancy } from '../../support/world.js';

class RenameNews1700000000000 implements MigrationInterface {
  name = 'RenameNews1700000000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('UPDATE ticket SET points = points + 1');
    await runner.query("UPDATE news SET text = 'migrated'");
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("UPDATE news SET text = 'released'");
  }
}

promises('G-01 G-04 a DataSource', {
  'stays enforced when another one is constructed': async ({ repo }) => {
    new DataSource({ type: 'sqljs', entities: [News] });
    await tenancy.run(ACME, async () => {
      expect(await repo(Ticket).count()).toBe(ACME_TICKETS);
      await repo(Ticket).updateAll({ subject: 'changed' });
      await repo(Note).save({ body: 'stamped' });
    });
    await tenancy.run(GLOBEX, async () => {
      expect(await repo(Ticket).countBy({ subject: 'changed' })).toBe(0);
      expect(await repo(Note).countBy({ body: 'stamped' })).toBe(0);
    });
  },
  'stays enforced when another one over the same entities is initialised': async ({ repo }) => {
    const other = await openDeskDataSource({ type: 'sqljs' });
    expect(await tenancy.run(ACME, () => repo(Ticket).count())).toBe(ACME_TICKETS);
    expect(await tenancy.run(ACME, () => other.getRepository(Ticket).count())).toBe(0);
    await other.destroy();
  },
  'gives no results of another tenant from a query cache that it is given later': async ({ dataSource, repo }) => {
    dataSource.setOptions({ cache: true });
    const cache = { id: 'later', milliseconds: 60_000 };
    await tenancy.run(GLOBEX, () => repo(Ticket).find({ cache })).catch(() => 'refused');
    const seen = await tenancy.run(ACME, () => repo(Ticket).find({ cache })).catch(() => 'refused');
    expect(JSON.stringify(seen)).not.toContain('globex');
  },
  'runs migrations outside of a scope': async ({ dataSource, repo }) => {
    Object.assign(dataSource, { migrations: [new RenameNews1700000000000()] });
    await dataSource.runMigrations();
    expect(await repo(News).countBy({ text: 'migrated' })).toBe(1);
    await dataSource.undoLastMigration();
    expect(await repo(News).countBy({ text: 'released' })).toBe(1);
  },
  'refuses migrations in a scope': async ({ dataSource }) =>
    tenancy.run(ACME, async () => {
      await expect(dataSource.runMigrations()).rejects.toThrow(StatementRefusedError);
      await expect(dataSource.undoLastMigration()).rejects.toThrow(StatementRefusedError);
    }),
});

describe.each(databasesToTest())('G-01 G-04 a DataSource of its own on %s', (kind) => {
  const open = async (options: object): Promise<{ dataSource: DataSource; close(): Promise<void> }> => {
    const database = await createDatabase(kind);
    const dataSource = await openDeskDataSource({ ...database.options, ...options });
    await tenancy.unscoped('two desks', () => sow(dataSource));
    const close = async (): Promise<void> => {
      await dataSource.destroy();
      await database.drop();
    };
    return { dataSource, close };
  };

  it('is enforced when it names its tables by another rule', async () => {
    const database = await createDatabase(kind);
    const dataSource = await openDeskDataSource({ ...database.options, entityPrefix: 'desk_' });
    const tickets = dataSource.getRepository(Ticket);
    for (const scope of [ACME, GLOBEX]) {
      await tenancy.run(scope, () =>
        tickets.save({ orderNumber: 1, subject: 'one', labels: [], notes: [{ body: 'one' }] }),
      );
    }
    await tenancy.run(ACME, async () => {
      expect(await tickets.find({ relations: { notes: true, labels: true } })).toHaveLength(1);
      await expect(dataSource.query('SELECT * FROM desk_ticket')).rejects.toThrow(StatementRefusedError);
    });
    await dataSource.destroy();
    await database.drop();
  });

  it('with a connection that everybody waits for serves each tenant its own rows', async () => {
    const { dataSource, close } = await open(kind === 'sqljs' ? {} : { poolSize: 1 });
    const scopes = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? ACME : GLOBEX));
    const seen = await Promise.all(
      scopes.map((scope) => tenancy.run(scope, () => dataSource.getRepository(Ticket).find())),
    );
    expect(seen.map(([{ organizationId }]) => organizationId)).toEqual(
      scopes.map(({ organizationId }) => organizationId),
    );
    await close();
  });

  it('that reads from replicas reads own rows there', async () => {
    if (kind !== 'postgres' && kind !== 'postgres15') return;
    const database = await createDatabase(kind);
    const { url } = database.options as { url: string };
    const dataSource = await openDeskDataSource({
      type: 'postgres',
      replication: { master: { url }, slaves: [{ url }] },
    });
    await tenancy.unscoped('two desks', () => sow(dataSource));
    await tenancy.run(ACME, async () => {
      expect(await dataSource.getRepository(Ticket).count()).toBe(ACME_TICKETS);
      const runner = dataSource.createQueryRunner('slave');
      expect(await runner.manager.count(Ticket)).toBe(ACME_TICKETS);
      await expect(runner.query('SELECT * FROM ticket')).rejects.toThrow(StatementRefusedError);
      await runner.release();
    });
    await dataSource.destroy();
    await database.drop();
  });
});
