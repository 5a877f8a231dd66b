import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { databasesToTest } from '../../support/databases.js';
import { ACME, tenancy, World } from '../../support/world.js';

describe.each(databasesToTest())('G-09 raw SQL that is refused on %s', (kind) => {
  let world: World;
  const lines: string[] = [];
  beforeAll(async () => {
    world = await World.open(kind, true);
    const log = (line: unknown): void => void lines.push(String(line));
    Logger.overrideLogger({ log, error: log, warn: log, debug: log, verbose: log });
  });
  beforeEach(() => void lines.splice(0));
  afterAll(async () => {
    Logger.overrideLogger(false);
    await world.close();
  });

  /** Runs raw SQL as a library does that swallows errors. */
  const swallow = (sql: string): Promise<unknown> => world.dataSource.query(sql).catch(() => undefined);

  it('is logged once for each text, with the entity and the cure', async () => {
    for (let i = 0; i < 3; i += 1) await tenancy.run(ACME, () => swallow('SELECT subject FROM ticket'));
    expect(lines).toEqual([
      'Raw SQL is refused: it uses the table of Ticket in raw SQL. Use a repository or query builder. If the statement is meant for all tenants, run it in ' +
        "tenancy.unscoped('why', fn). The statement: SELECT subject FROM ticket",
    ]);
    await tenancy.run(ACME, () => swallow('SELECT id FROM ticket'));
    expect(lines).toHaveLength(2);
  });

  it('is logged with its entity outside of a tenant scope', async () => {
    await swallow('SELECT points FROM ticket');
    expect(lines).toEqual([expect.stringContaining('it uses the table of Ticket in raw SQL')]);
  });

  it('is logged if it cannot be read', async () => {
    await tenancy.run(ACME, () => swallow("SELECT 'subject FROM ticket"));
    expect(lines).toEqual([expect.stringContaining('a quote is not closed')]);
  });

  it('is logged in part if it is long', async () => {
    await tenancy.run(ACME, () => swallow(`SELECT '${'x'.repeat(1000)}' FROM ticket`));
    expect(lines[0]).toContain('Ticket');
    expect(lines[0].length).toBeLessThan(700);
  });

  it('is not logged if it is let through, or unscoped', async () => {
    await tenancy.run(ACME, () => world.dataSource.query('SELECT 1'));
    await tenancy.unscoped('looks', () => world.dataSource.query('SELECT subject FROM ticket'));
    expect(lines).toEqual([]);
  });
});
