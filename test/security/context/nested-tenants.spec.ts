import { expect } from '@jest/globals';
import { TenantScopeViolationError } from 'nestjs-muck';
import type { World } from '../../support/world.js';
import { Note, Ticket } from '../../support/desk.js';
import { ACME, GLOBEX, own, tenancy } from '../../support/world.js';
import { promises } from '../../support/attack.js';

/*
 * Work for one tenant inside the transaction of another one. A database with a pool does it on a connection of its own; SQLite has one connection,
 * where the rollback of the transaction would take it along.
 */

const bodies = async (world: World): Promise<string[]> =>
  (await tenancy.unscoped('looks at both', () => world.repo(Note).find())).map(({ body }) => body);

/** Runs `work` inside a transaction of Acme, which is then rolled back. Returns whether `work` was acknowledged, or its error. */
async function insideRollback(world: World, work: () => Promise<unknown>): Promise<unknown> {
  let outcome: unknown;
  await tenancy
    .run(ACME, () =>
      world.dataSource.transaction(async (manager) => {
        await manager.insert(Note, { body: 'of the transaction' });
        outcome = await work().then(
          () => 'acknowledged',
          (error: unknown) => error,
        );
        throw new Error('rolls back');
      }),
    )
    .catch(() => undefined);
  return outcome;
}

const expectKept = async (world: World, work: () => Promise<unknown>): Promise<void> => {
  const outcome = await insideRollback(world, work);
  if (world.kind === 'sqljs') {
    expect(outcome).toBeInstanceOf(TenantScopeViolationError);
    expect(String(outcome)).toContain('a transaction of one tenant continues in the scope of another');
  } else {
    expect(outcome).toBe('acknowledged');
    expect(await bodies(world)).toContain('of globex');
  }
  expect(await bodies(world)).not.toContain('of the transaction');
};

promises('G-08 work for another tenant inside a transaction', {
  'An insert of a repository is kept or refused, never acknowledged and lost': (world) =>
    expectKept(world, () => tenancy.run(GLOBEX, () => world.repo(Note).insert({ body: 'of globex' }))),
  'A save, which has a transaction of its own, is kept or refused': (world) =>
    expectKept(world, () => tenancy.run(GLOBEX, () => world.repo(Note).save({ body: 'of globex' }))),
  'A transaction of the DataSource is kept or refused': (world) =>
    expectKept(world, () =>
      tenancy.run(GLOBEX, () => world.dataSource.transaction((manager) => manager.insert(Note, { body: 'of globex' }))),
    ),
  'A query runner of its own is kept or refused': (world) =>
    expectKept(world, () =>
      tenancy.run(GLOBEX, () =>
        world.withRunner(async (runner) => {
          await runner.startTransaction();
          await runner.manager.insert(Note, { body: 'of globex' });
          await runner.commitTransaction();
        }),
      ),
    ),
  'forEach over tenants is kept or refused': (world) =>
    expectKept(world, () => tenancy.forEach([GLOBEX], () => world.repo(Note).insert({ body: 'of globex' }))),
  'A run inside an unscoped section is kept or refused': (world) =>
    expectKept(world, () =>
      tenancy.unscoped('why', () => tenancy.run(GLOBEX, () => world.repo(Note).insert({ body: 'of globex' }))),
    ),
  'A transaction that a query runner began manually refuses it as well': async (world) => {
    await tenancy.run(ACME, () =>
      world.withRunner(async (runner) => {
        await runner.startTransaction();
        await runner.manager.insert(Note, { body: 'of the transaction' });
        const outcome = await tenancy
          .run(GLOBEX, () => world.repo(Note).insert({ body: 'of globex' }))
          .then(
            () => 'acknowledged',
            (error: unknown) => error,
          );
        await runner.rollbackTransaction();
        if (world.kind === 'sqljs') expect(outcome).toBeInstanceOf(TenantScopeViolationError);
        else expect(outcome).toBe('acknowledged');
      }),
    );
    expect((await bodies(world)).includes('of globex')).toBe(world.kind !== 'sqljs');
  },
  'A read does not see what the transaction has written': async (world) => {
    const outcome = await insideRollback(world, async () => {
      const count = await tenancy.run(GLOBEX, () => world.repo(Note).countBy({ body: 'of the transaction' }));
      expect(count).toBe(0);
    });
    if (world.kind === 'sqljs') expect(outcome).toBeInstanceOf(TenantScopeViolationError);
    else expect(outcome).toBe('acknowledged');
  },
  'A transaction without a tenant belongs to the first that it meets': async (world) => {
    const outcomes: unknown[] = [];
    await tenancy.unscoped('seeds', () =>
      world.dataSource.transaction(async (manager) => {
        for (const scope of [ACME, GLOBEX]) {
          const work = tenancy.run(scope, () => manager.insert(Note, { body: `of ${scope.organizationId}` }));
          outcomes.push(
            await work.then(
              () => 'acknowledged',
              (error: unknown) => error,
            ),
          );
        }
      }),
    );
    expect(outcomes).toEqual(['acknowledged', expect.any(TenantScopeViolationError)]);
  },
  'An unscoped section inside a transaction belongs to it, and savepoints do': async (world) => {
    const outcome = await insideRollback(world, async () => {
      await tenancy.unscoped('reads all', async () => {
        expect(await world.repo(Ticket).count()).toBeGreaterThan(3);
        await world.dataSource.transaction((inner) => inner.count(Ticket));
      });
      await tenancy.unscoped('reads all notes', { entities: [Note] }, () => world.repo(Note).count());
      await tenancy.run(ACME, () => world.repo(Note).insert({ body: 'of acme again' }));
      await tenancy.run(ACME, () => world.repo(Ticket).findOneByOrFail({ id: own.ticket }));
    });
    expect(outcome).toBe('acknowledged');
    expect((await bodies(world)).includes('of acme again')).toBe(world.kind !== 'sqljs');
  },
});
