import { expect } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { StatementRefusedError, TenantScopeMissingError, TenantScopeViolationError, Unscoped } from 'nestjs-muck';
import { promises } from '../../support/attack.js';
import {
  Label,
  Member,
  Note,
  Organization,
  Proofreading,
  Ticket,
  Translation,
  Verdict,
  Watcher,
} from '../../support/desk.js';
import { ACME, ACME_TICKETS, foreign, GLOBEX, own, tenancy } from '../../support/world.js';

const ALL_TICKETS = 2 * ACME_TICKETS;

promises('G-12 a section over all tenants', {
  'sees all rows': async ({ repo }) => {
    expect(await tenancy.unscoped('counts', () => repo(Ticket).count())).toBe(ALL_TICKETS);
  },
  'inside a scope sees all rows, and the scope is back after it': async ({ repo }) =>
    tenancy.run(ACME, async () => {
      expect(await tenancy.unscoped('counts', () => repo(Ticket).count())).toBe(ALL_TICKETS);
      expect(await repo(Ticket).count()).toBe(ACME_TICKETS);
    }),
  'that fails gives the scope back': async ({ repo, sent, escape }) =>
    tenancy.run(ACME, async () => {
      await expect(tenancy.unscoped('fails', () => Promise.reject(new Error('x')))).rejects.toThrow('x');
      expect(() =>
        tenancy.unscoped('fails at once', () => {
          throw new Error('y');
        }),
      ).toThrow('y');
      const [statement] = await sent(() => repo(Ticket).find());
      expect(statement).toContain(`${escape('organizationId')} =`);
    }),
  'around a scope does not widen it': async ({ repo }) =>
    tenancy.unscoped('outer', () =>
      tenancy.run(ACME, async () => {
        expect(await repo(Ticket).count()).toBe(ACME_TICKETS);
        await expect(repo(Note).insert({ organizationId: 2, body: 'x' })).rejects.toThrow(TenantScopeViolationError);
      }),
    ),
  'is closed for a promise that outlives it': async ({ repo }) => {
    let late: Promise<unknown> | undefined;
    await tenancy.unscoped('forgets to await', async () => {
      late = delay(2).then(() => repo(Ticket).find());
      return Promise.resolve();
    });
    await expect(late).rejects.toThrow(TenantScopeMissingError);
  },
  'is closed for a timer that outlives it, inside a scope too': async ({ repo }) => {
    const late = tenancy.run(ACME, () =>
      tenancy.unscoped('forgets a timer', () => ({
        later: new Promise((resolve, reject) => {
          setTimeout(() => void repo(Ticket).find().then(resolve, reject), 1);
        }),
      })),
    );
    await expect(late.later).rejects.toThrow(/forgets a timer.*has ended/);
  },
  'is closed for a callback that was bound in it': async ({ repo }) => {
    const later = tenancy.unscoped('binds', () => tenancy.bind(() => repo(Ticket).find()));
    await expect((async () => later())()).rejects.toThrow(TenantScopeMissingError);
  },
  'is closed for raw SQL too': async ({ dataSource }) => {
    let late: Promise<unknown> | undefined;
    await tenancy.unscoped('forgets to await', async () => {
      late = delay(2).then(() => dataSource.query('SELECT * FROM ticket'));
      return Promise.resolve();
    });
    await expect(late).rejects.toThrow(TenantScopeMissingError);
  },
  'still hides deleted rows': async ({ repo }) => {
    await tenancy.run(ACME, () => repo(Ticket).softDelete(own.ticket));
    expect(await tenancy.unscoped('counts', () => repo(Ticket).count())).toBe(ALL_TICKETS - 1);
  },
  'does not insert a row that names no tenant': async ({ repo }) => {
    const insert = tenancy.unscoped('seeds', () => repo(Note).insert({ body: 'whose?' }));
    await expect(insert).rejects.toThrow(/has no tenant: set /);
  },
  'does not save a row that names no tenant': async ({ repo }) => {
    const save = tenancy.unscoped('seeds', () => repo(Note).save({ body: 'whose?' }));
    await expect(save).rejects.toThrow(TenantScopeViolationError);
  },
  'does not insert a row of one tenant that refers to a row of another': async ({ repo }) => {
    const insert = tenancy.unscoped('seeds', () =>
      repo(Note).insert({ organizationId: 1, body: 'x', ticketId: foreign.ticket }),
    );
    await expect(insert).rejects.toThrow(TenantScopeViolationError);
  },
  'does not save a row of one tenant that refers to a row of another': async ({ repo }) => {
    const save = tenancy.unscoped('seeds', () =>
      repo(Note).save({ organizationId: 1, body: 'x', ticket: { id: foreign.ticket } }),
    );
    await expect(save).rejects.toThrow(TenantScopeViolationError);
  },
  'does not update a row of one tenant so that it refers to a row of another': async ({ repo }) => {
    const update = tenancy.unscoped('mends', () => repo(Ticket).update(own.ticket, { assigneeId: foreign.member }));
    await expect(update).rejects.toThrow(TenantScopeViolationError);
  },
  'does not insert a row that refers to one which is another tenant’s through its parent': async ({ repo }) => {
    const translation = { ticketId: foreign.ticket, language: 'en' };
    const insert = tenancy.unscoped('seeds', () => repo(Proofreading).insert({ organizationId: 1, translation }));
    await expect(insert).rejects.toThrow(TenantScopeViolationError);
  },
  'does not update a row that is a tenant’s through its parent so that it refers to a row of another': async ({
    repo,
  }) => {
    await tenancy.run(ACME, () => repo(Watcher).insert({ ticketId: own.otherTicket, memberId: own.member }));
    const update = tenancy.unscoped('mends', () =>
      repo(Watcher).update({ ticketId: own.otherTicket }, { memberId: foreign.member }),
    );
    await expect(update).rejects.toThrow(TenantScopeViolationError);
  },
  'gives a row to another tenant along with what it refers to': async ({ repo }) => {
    await tenancy.run(ACME, () => repo(Watcher).insert({ ticketId: own.otherTicket, memberId: own.member }));
    await tenancy.unscoped('moves', async () => {
      await repo(Watcher).update(
        { ticketId: own.otherTicket, memberId: own.member },
        { ticketId: foreign.otherTicket, memberId: foreign.member, reason: 'moved' },
      );
      await repo(Note).update(own.note, { organizationId: 2, ticketId: foreign.ticket, body: 'moved' });
    });
    await tenancy.run(GLOBEX, async () => {
      expect(await repo(Watcher).countBy({ reason: 'moved' })).toBe(1);
      expect(await repo(Note).countBy({ body: 'moved' })).toBe(1);
    });
  },
  'does not link rows of two tenants': async ({ dataSource }) => {
    const link = tenancy.unscoped('mends', () =>
      dataSource.createQueryBuilder().relation(Ticket, 'labels').of(own.otherTicket).add(foreign.label),
    );
    await expect(link).rejects.toThrow(TenantScopeViolationError);
  },
  'inserts rows of several tenants that refer to their own': async ({ repo }) => {
    await tenancy.unscoped('seeds', () =>
      repo(Note).insert([
        { organizationId: 1, body: 'x', ticketId: own.ticket },
        { organizationId: 2, body: 'x', ticketId: foreign.ticket },
      ]),
    );
    expect(await tenancy.run(ACME, () => repo(Note).countBy({ body: 'x' }))).toBe(1);
  },
  'needs a reason': ({ repo }) => {
    expect(() => tenancy.unscoped(' ', () => repo(Ticket).find())).toThrow(TypeError);
    return Promise.resolve();
  },
});

promises('G-12 a section over all tenants for one entity', {
  'sees all rows of that entity, and own rows of others': async ({ repo }) =>
    tenancy.run(ACME, () =>
      tenancy.unscoped('labels', { entities: [Label] }, async () => {
        expect(await repo(Label).count()).toBe(2);
        expect(await repo(Ticket).count()).toBe(ACME_TICKETS);
      }),
    ),
  'leaves sub-queries and joins of others in the scope': async ({ repo }) =>
    tenancy.run(ACME, () =>
      tenancy.unscoped('labels', { entities: [Label] }, async () => {
        const tickets = await repo(Label)
          .createQueryBuilder('label')
          .innerJoinAndMapMany('label.everything', Ticket, 'ticket', '1 = 1')
          .getMany();
        expect(JSON.stringify(tickets)).not.toContain('globex ticket');
        const [row] = await repo(Label)
          .createQueryBuilder('label')
          .addSelect((query) => query.select('COUNT(*)').from(Ticket, 't'), 'count')
          .getRawMany<{ count: number }>();
        expect(Number(row.count)).toBe(ACME_TICKETS);
      }),
    ),
  'leaves raw SQL on others refused': async ({ dataSource, repo }) =>
    tenancy.run(ACME, () =>
      tenancy.unscoped('labels', { entities: [Label] }, async () => {
        await expect(dataSource.query('SELECT * FROM ticket')).rejects.toThrow(StatementRefusedError);
        await expect(
          repo(Label).createQueryBuilder('l').addSelect('(SELECT MAX(subject) FROM ticket)').getRawMany(),
        ).rejects.toThrow(StatementRefusedError);
      }),
    ),
  'is no scope for others where there is none around it': async ({ repo }) => {
    const read = tenancy.unscoped('signing in', { entities: [Member] }, () => repo(Ticket).find());
    await expect(read).rejects.toThrow(TenantScopeMissingError);
  },
  'reads that entity where there is no scope around it': async ({ repo }) => {
    const read = tenancy.unscoped('signing in', { entities: [Member] }, () =>
      repo(Member).findOneBy({ email: 'globex@example.com' }),
    );
    expect((await read)?.id).toBe(foreign.member);
  },
  'does not write references of others across tenants': async ({ repo }) =>
    tenancy.run(ACME, () =>
      tenancy.unscoped('members', { entities: [Member] }, () =>
        expect(repo(Ticket).update(own.ticket, { assigneeId: foreign.member })).rejects.toThrow(),
      ),
    ),
  'does not write a reference to a row whose parent is another tenant’s': async ({ repo }) => {
    const translation = { ticketId: foreign.ticket, language: 'en' };
    const insert = tenancy.run(ACME, () =>
      tenancy.unscoped('texts', { entities: [Translation, Proofreading] }, () =>
        repo(Proofreading).insert({ organizationId: 1, translation }),
      ),
    );
    await expect(insert).rejects.toThrow(TenantScopeViolationError);
  },
  'does not exempt an entity that belongs through another one': async ({ repo }) =>
    tenancy.run(ACME, () =>
      tenancy.unscoped('tickets', { entities: [Ticket] }, async () => {
        expect(await repo(Verdict).count()).toBe(1);
      }),
    ),
  'ends like any section': async ({ repo }) => {
    let late: Promise<unknown> | undefined;
    await tenancy.unscoped('forgets', { entities: [Label] }, async () => {
      late = delay(2).then(() => repo(Label).find());
      return Promise.resolve();
    });
    await expect(late).rejects.toThrow(TenantScopeMissingError);
  },
});

class Sweeper {
  constructor(private readonly count: () => Promise<number>) {}

  @Unscoped('counts over all tenants')
  countAll(): Promise<number> {
    return this.count();
  }
}

promises('G-12 a method over all tenants', {
  'is exempt for as long as it runs, and no longer': async ({ repo }) =>
    tenancy.run(GLOBEX, async () => {
      const sweeper = new Sweeper(() => repo(Organization).count());
      expect(await sweeper.countAll()).toBe(2);
      expect(await repo(Organization).count()).toBe(1);
    }),
});
