import { attacks, crossedIf } from '../../support/attack.js';
import type { Attempt } from '../../support/attack.js';
import { News, Note, Ticket } from '../../support/desk.js';
import { ACME_TICKETS, foreign, GLOBEX, own, tenancy } from '../../support/world.js';

const LONG = 60_000;

/** What Globex asks first, with a condition of its own, and Acme afterwards under the same id of the cache. */
const after =
  (first: Attempt, second: Attempt): Attempt =>
  async (world) => {
    await tenancy.run(GLOBEX, () => first(world));
    return second(world);
  };

attacks('G-08 results in the query cache', {
  'are not given to another tenant for the same id': after(
    ({ repo }) => repo(Ticket).find({ where: { organizationId: 2 }, cache: { id: 'tickets', milliseconds: LONG } }),
    ({ repo }) => repo(Ticket).find({ where: { organizationId: 1 }, cache: { id: 'tickets', milliseconds: LONG } }),
  ),
  'of a builder are not given to another tenant for the same id': after(
    ({ repo }) => repo(Ticket).createQueryBuilder('t').where('t.organizationId = 2').cache('tickets', LONG).getMany(),
    ({ repo }) => repo(Ticket).createQueryBuilder('t').where('t.organizationId = 1').cache('tickets', LONG).getMany(),
  ),
  'with raw rows are not given to another tenant for the same id': after(
    ({ repo }) => repo(Ticket).createQueryBuilder('t').where('t.organizationId = 2').cache('raw', LONG).getRawMany(),
    ({ repo }) => repo(Ticket).createQueryBuilder('t').where('t.organizationId = 1').cache('raw', LONG).getRawMany(),
  ),
  'with a count are not given to another tenant for the same id': {
    given: ({ repo }) => repo(Ticket).softDelete(foreign.otherTicket),
    attempt: after(
      ({ repo }) =>
        repo(Ticket).findAndCount({ where: { organizationId: 2 }, cache: { id: 'count', milliseconds: LONG } }),
      async ({ repo }) => {
        const options = { where: { organizationId: 1 }, cache: { id: 'count', milliseconds: LONG } };
        return crossedIf((await repo(Ticket).findAndCount(options))[1] !== ACME_TICKETS);
      },
    ),
  },
  'with a page are not given to another tenant for the same id': after(
    ({ repo }) =>
      repo(Ticket).find({
        where: { organizationId: 2 },
        relations: { notes: true },
        take: 2,
        cache: { id: 'page', milliseconds: LONG },
      }),
    ({ repo }) =>
      repo(Ticket).find({
        where: { organizationId: 1 },
        relations: { notes: true },
        take: 2,
        cache: { id: 'page', milliseconds: LONG },
      }),
  ),
  'without an id are not given to another tenant': after(
    ({ repo }) => repo(Ticket).find({ cache: LONG }),
    ({ repo }) => repo(Ticket).find({ cache: LONG }),
  ),
  'that a section over all tenants left are not given to a tenant': async ({ repo }) => {
    const options = { where: { id: foreign.ticket }, cache: { id: 'all', milliseconds: LONG } };
    await tenancy.unscoped('a report', () => repo(Ticket).find(options));
    return repo(Ticket).find({ ...options, where: { id: own.ticket } });
  },
  'that a section over one entity left are not given to a tenant': async ({ repo }) => {
    const cache = { id: 'some', milliseconds: LONG };
    await tenancy.unscoped('a report', { entities: [Note] }, () =>
      repo(Note).find({ where: { id: foreign.note }, cache }),
    );
    return repo(Note).find({ where: { id: own.note }, cache });
  },
  'are not cleared for another tenant': async ({ dataSource, repo }) => {
    const cache = { id: 'kept', milliseconds: LONG };
    const theirs = (): Promise<unknown> => tenancy.run(GLOBEX, () => repo(News).find({ cache }));
    const before = JSON.stringify(await theirs());
    await dataSource.queryResultCache!.remove(['kept']);
    await tenancy.unscoped('the next release', () => repo(News).update({ id: 1 }, { text: 'newer' }));
    const now = JSON.stringify(await theirs());
    return crossedIf(before !== now);
  },
});
