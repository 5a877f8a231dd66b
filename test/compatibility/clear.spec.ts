import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { StatementRefusedError, TenantScopeMissingError } from 'nestjs-muck';
import { databasesToTest } from '../support/databases.js';
import { News, Ticket } from '../support/desk.js';
import { ACME, tenancy, World } from '../support/world.js';

describe.each(databasesToTest())('clear() on %s', (kind) => {
  let world: World | undefined;
  beforeEach(async () => {
    await world?.close();
    world = await World.open(kind, true);
  });
  afterAll(() => world?.close());

  it('empties a shared table in a scope and outside, as raw SQL does', async () => {
    const news = world!.repo(News);
    await tenancy.run(ACME, () => news.clear());
    expect(await news.count()).toBe(0);
    await news.clear();
    const table = world!.escape('news');
    if (kind !== 'sqljs') await tenancy.run(ACME, () => world!.dataSource.query(`TRUNCATE TABLE ${table}`));
    await tenancy.run(ACME, () => world!.dataSource.query(`DELETE FROM ${table}`));
    expect(await world!.dataSource.query(`SELECT * FROM ${table}`)).toEqual([]);
  });

  it('is refused on a scoped table, and as raw SQL with CASCADE or further tables', async () => {
    await expect(tenancy.run(ACME, () => world!.repo(Ticket).clear())).rejects.toThrow(StatementRefusedError);
    await expect(world!.repo(Ticket).clear()).rejects.toThrow(TenantScopeMissingError);
    for (const rest of ['news CASCADE', 'news, ticket', 'ticket', 'unknown']) {
      const sent = tenancy.run(ACME, () => world!.dataSource.query(`TRUNCATE TABLE ${rest}`));
      await expect(sent).rejects.toThrow(StatementRefusedError);
    }
  });
});
