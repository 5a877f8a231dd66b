import { expect } from '@jest/globals';
import { TenantScopeViolationError } from 'nestjs-muck';
import type { EntityManager, QueryRunner } from 'typeorm';
import { attacks, promises } from '../../support/attack.js';
import { Note, Ticket } from '../../support/desk.js';
import { ACME, foreign, GLOBEX, own, tenancy } from '../../support/world.js';

attacks('G-01 a query runner without a transaction', {
  'that another tenant has used shows own rows only': ({ withRunner }) =>
    withRunner(async (runner) => {
      await tenancy.run(GLOBEX, () => runner.manager.find(Ticket));
      return runner.manager.find(Ticket);
    }),
  'that another tenant has opened changes own rows only': ({ withRunner }) =>
    withRunner(async (runner) => {
      await tenancy.run(GLOBEX, () => runner.connect());
      await runner.manager.updateAll(Ticket, { subject: 'taken' });
    }),
});

/** Runs `fn` with a transaction that Acme has opened and used. */
async function inTransactionOfAcme(
  withRunner: <R>(fn: (runner: QueryRunner) => Promise<R>) => Promise<R>,
  fn: (manager: EntityManager, runner: QueryRunner) => Promise<void>,
): Promise<void> {
  await withRunner(async (runner) => {
    await tenancy.run(ACME, async () => {
      await runner.startTransaction();
      await runner.manager.update(Note, own.note, { body: 'changed' });
    });
    await fn(runner.manager, runner);
  });
}

promises('G-08 a transaction of one tenant', {
  'is not read in by another': ({ withRunner, sent }) =>
    inTransactionOfAcme(withRunner, async (manager) => {
      const statements = await sent(() =>
        expect(tenancy.run(GLOBEX, () => manager.find(Ticket))).rejects.toThrow(TenantScopeViolationError),
      );
      expect(statements).toEqual([]);
    }),
  'is not written in by another': ({ withRunner }) =>
    inTransactionOfAcme(withRunner, async (manager) => {
      const insert = tenancy.run(GLOBEX, () => manager.insert(Note, { organizationId: 2, body: 'x' }));
      await expect(insert).rejects.toThrow(TenantScopeViolationError);
    }),
  'takes no raw SQL of another': ({ withRunner }) =>
    inTransactionOfAcme(withRunner, async (manager) => {
      const query = tenancy.run(GLOBEX, () => manager.query('SELECT * FROM news'));
      await expect(query).rejects.toThrow(TenantScopeViolationError);
    }),
  'is rolled back with what another tenant tried in it': async ({ dataSource, repo }) => {
    const work = tenancy.run(ACME, () =>
      dataSource.transaction(async (manager) => {
        await manager.update(Note, own.note, { body: 'changed' });
        await tenancy.run(GLOBEX, () => manager.update(Note, foreign.note, { body: 'changed' }));
      }),
    );
    await expect(work).rejects.toThrow(TenantScopeViolationError);
    const notes = await tenancy.unscoped('looks at both', () => repo(Note).findBy({ body: 'changed' }));
    expect(notes).toEqual([]);
  },
  'does not serve two tenants at once': async ({ withRunner }) =>
    withRunner(async (runner) => {
      await runner.startTransaction();
      const outcomes = await Promise.allSettled(
        [ACME, GLOBEX].map((scope) => tenancy.run(scope, () => runner.manager.find(Ticket))),
      );
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    }),
  'goes on in its own scope after a refusal': ({ withRunner }) =>
    inTransactionOfAcme(withRunner, async (manager, runner) => {
      await expect(tenancy.run(GLOBEX, () => manager.find(Ticket))).rejects.toThrow(TenantScopeViolationError);
      await tenancy.run(ACME, async () => {
        expect((await manager.findOneByOrFail(Note, { id: own.note })).body).toBe('changed');
        await runner.commitTransaction();
      });
    }),
  'does not bind the next transaction on the same query runner': ({ withRunner }) =>
    inTransactionOfAcme(withRunner, async (_, runner) => {
      await tenancy.run(ACME, () => runner.rollbackTransaction());
      await tenancy.run(GLOBEX, async () => {
        await runner.startTransaction();
        expect(await runner.manager.countBy(Ticket, { id: foreign.ticket })).toBe(1);
        await runner.commitTransaction();
      });
    }),
  'that a section over all tenants has opened serves one tenant only': ({ withRunner }) =>
    withRunner(async (runner) => {
      await tenancy.unscoped('opens', () => runner.startTransaction());
      await tenancy.run(ACME, () => runner.manager.find(Ticket));
      await expect(tenancy.run(GLOBEX, () => runner.manager.find(Ticket))).rejects.toThrow(TenantScopeViolationError);
    }),
});

promises('G-02 a whole unit of work is undone', {
  'when one row of several is of another tenant': async ({ repo }) => {
    const save = tenancy.run(ACME, () =>
      repo(Ticket).save([
        { id: own.ticket, subject: 'changed' },
        { id: foreign.ticket, subject: 'changed' },
      ]),
    );
    await expect(save).rejects.toThrow();
    const changed = await tenancy.unscoped('looks at both', () => repo(Ticket).countBy({ subject: 'changed' }));
    expect(changed).toBe(0);
  },
  'when a cascade meets a row of another tenant': async ({ repo }) => {
    const save = tenancy.run(ACME, () =>
      repo(Ticket).save({ id: own.ticket, subject: 'changed', notes: [{ id: foreign.note, body: 'changed' }] }),
    );
    await expect(save).rejects.toThrow();
    expect(await tenancy.run(ACME, () => repo(Ticket).countBy({ subject: 'changed' }))).toBe(0);
  },
  'when a row of another tenant is linked': async ({ repo }) => {
    const save = tenancy.run(ACME, () =>
      repo(Ticket).save({ id: own.ticket, subject: 'changed', labels: [{ id: foreign.label }] }),
    );
    await expect(save).rejects.toThrow();
    expect(await tenancy.run(ACME, () => repo(Ticket).countBy({ subject: 'changed' }))).toBe(0);
  },
  'when one of several removed rows is of another tenant': async ({ repo }) => {
    const remove = tenancy.run(ACME, () =>
      repo(Note).remove([own.note, foreign.note].map((id) => repo(Note).create({ id }))),
    );
    await expect(remove).rejects.toThrow();
    expect(await tenancy.run(ACME, () => repo(Note).count())).toBe(3);
  },
});
