import { ILike, In, IsNull, MoreThan, Not, Raw } from 'typeorm';
import { attacks, crossedIf } from '../../support/attack.js';
import {
  Attachment,
  Credential,
  Document,
  Invoice,
  Member,
  News,
  Note,
  OpenTicket,
  Organization,
  ParcelSchema,
  Photo,
  Ticket,
  Verdict,
  Watcher,
} from '../../support/desk.js';
import { ACME_TICKETS, foreign, GLOBEX, own, tenancy } from '../../support/world.js';

attacks('G-01 reading rows', {
  'a find without conditions sees own rows only': ({ repo }) => repo(Ticket).find(),
  'a row of another tenant is not found by its key': ({ repo }) => repo(Ticket).findOneBy({ id: foreign.ticket }),
  'a row of another tenant is not found by its uuid': ({ repo }) => repo(Document).findOneBy({ id: foreign.document }),
  'a row of another tenant is not found by a key of two columns': ({ repo }) =>
    repo(Watcher).findOneBy({ ticketId: foreign.ticket, memberId: foreign.member }),
  'a list of keys finds own rows only': ({ repo }) => repo(Ticket).findBy({ id: In([own.ticket, foreign.ticket]) }),
  'a list of entity keys in a builder finds own rows only': ({ repo }) =>
    repo(Ticket).createQueryBuilder('ticket').whereInIds([own.ticket, foreign.ticket]).getMany(),
  'an OR in a condition stays inside the scope': ({ repo }) =>
    repo(Ticket).find({ where: [{ status: 'open' }, { id: foreign.ticket }] }),
  'an always true condition that is ORed stays inside the scope': ({ repo }) =>
    repo(Ticket).createQueryBuilder('ticket').where('ticket.id = 1').orWhere('1 = 1').getMany(),
  'a condition that replaces an earlier one stays inside the scope': ({ repo }) =>
    repo(Ticket).createQueryBuilder('ticket').where('ticket.organizationId = 1').where('ticket.id > 0').getMany(),
  'a condition that names another tenant finds nothing': ({ repo }) => repo(Ticket).findBy({ organizationId: 2 }),
  'a condition that excludes the own tenant finds nothing': ({ repo }) =>
    repo(Ticket).findBy({ organizationId: Not(1) }),
  'a search text finds own rows only': ({ repo }) => repo(Note).findBy({ body: ILike('%NOTE%') }),
  'the first row without conditions is an own one': ({ repo }) =>
    repo(Ticket).findOne({ where: {}, order: { id: 'DESC' } }),
  'deleted rows of other tenants stay hidden when deleted rows are asked for': {
    given: ({ repo }) => repo(Ticket).softDelete(foreign.ticket),
    attempt: ({ repo }) => repo(Ticket).find({ withDeleted: true, where: { deletedAt: Not(IsNull()) } }),
  },
  'text in a find operator cannot widen the scope': ({ repo }) =>
    repo(Ticket).findBy({ id: Raw((alias) => `${alias} IS NULL) OR (1 = 1`) }),
  'the table of tenants shows the own tenant only': ({ repo }) => repo(Organization).find(),
  'an entity that belongs through its parent shows own rows only': ({ repo }) => repo(Verdict).find(),
  'a tenant column in an embedded object limits': ({ repo }) => repo(Invoice).find(),
  'a tenant column that is not selected limits': ({ repo }) => repo(Credential).find(),
  'entities that share a table show own rows only': ({ repo }) => repo(Attachment).find(),
  'an entity that extends a scoped one shows own rows only': ({ repo }) => repo(Photo).find(),
  'a view with a tenant column shows own rows only': ({ repo }) => repo(OpenTicket).find(),
  'an entity without a class shows own rows only': ({ repo }) => repo(ParcelSchema).find(),
  'an entity named by a string shows own rows only': ({ repo }) => repo('Ticket').find(),
});

attacks('G-01 numbers about rows', {
  'a count counts own rows only': async ({ repo }) => crossedIf((await repo(Ticket).count()) > ACME_TICKETS),
  'a count of another tenant is zero': async ({ repo }) =>
    crossedIf((await repo(Ticket).countBy({ organizationId: 2 })) > 0),
  'a row of another tenant does not exist': async ({ repo }) =>
    crossedIf(await repo(Ticket).existsBy({ id: foreign.ticket })),
  'a row of another tenant does not exist for a builder': async ({ repo }) =>
    crossedIf(
      await repo(Ticket).createQueryBuilder('ticket').where('ticket.id = :id', { id: foreign.ticket }).getExists(),
    ),
  'a sum is over own rows': async ({ repo }) => crossedIf((await repo(Ticket).sum('points')) !== 6),
  'a maximum is of own rows': async ({ repo }) => crossedIf(Number(await repo(Ticket).maximum('id')) > 1000),
  'a minimum is of own rows': async ({ repo }) =>
    crossedIf((await repo(Ticket).minimum('id', { id: MoreThan(1000) })) !== null),
  'an average is over own rows': async ({ repo }) =>
    crossedIf((await repo(Ticket).average('points', { id: MoreThan(1000) })) !== null),
  'the total beside a page counts own rows only': async ({ repo }) =>
    crossedIf((await repo(Ticket).findAndCount({ take: 1 }))[1] > ACME_TICKETS),
  'the total beside a page with joins counts own rows only': async ({ repo }) =>
    crossedIf((await repo(Ticket).findAndCount({ take: 1, relations: { notes: true } }))[1] > ACME_TICKETS),
  'groups are of own rows': ({ repo }) =>
    repo(Ticket)
      .createQueryBuilder('ticket')
      .select('MAX(ticket.subject)', 'subject')
      .groupBy('ticket.status')
      .getRawMany(),
  'a sum in raw rows is over own rows': async ({ repo }) => {
    const raw = await repo(Ticket).createQueryBuilder('ticket').select('SUM(ticket.points)', 'sum').getRawOne();
    return crossedIf(Number(raw?.sum) !== 6);
  },
});

attacks('G-01 reading by builders', {
  'raw rows are own rows': ({ repo }) => repo(Ticket).createQueryBuilder('ticket').getRawMany(),
  'raw rows beside entities are own rows': ({ repo }) => repo(Ticket).createQueryBuilder('ticket').getRawAndEntities(),
  'one row is an own row': ({ repo }) =>
    repo(Ticket).createQueryBuilder('ticket').orderBy('ticket.id', 'DESC').getOne(),
  'a page with joins is of own rows': ({ repo }) =>
    repo(Ticket).find({ relations: { notes: true }, order: { id: 'DESC' }, take: 2, skip: 1 }),
  'a page with joins and a key of two columns is of own rows': ({ repo }) =>
    repo(Watcher).find({ relations: { ticket: true, member: true }, order: { ticketId: 'DESC' }, take: 1 }),
  'a page with joins keeps an OR inside the scope': ({ repo }) =>
    repo(Ticket)
      .createQueryBuilder('ticket')
      .leftJoinAndSelect('ticket.notes', 'note')
      .where('ticket.id = 1')
      .orWhere('1 = 1')
      .orderBy('ticket.id', 'DESC')
      .take(2)
      .getMany(),
  'a table named by its name shows own rows only': ({ dataSource }) =>
    dataSource.createQueryBuilder().select('t.subject', 'subject').from('ticket', 't').getRawMany(),
  'a second table in FROM shows own rows only': ({ repo }) =>
    repo(News).createQueryBuilder('news').addFrom(Ticket, 'ticket').addSelect('ticket.subject', 'subject').getRawMany(),
  'a builder turned from an update into a select shows own rows only': ({ dataSource }) =>
    dataSource.createQueryBuilder().update(Member).select('ticket.subject', 'x').from(Ticket, 'ticket').getRawMany(),
  'a clone of a builder shows own rows only': ({ repo }) =>
    repo(Ticket).createQueryBuilder('ticket').where('1 = 1').clone().orWhere('1 = 1').getMany(),
  'a repository with methods of its own shows own rows only': ({ repo }) =>
    repo(Ticket)
      .extend({
        everything(this: ReturnType<typeof repo<Ticket>>) {
          return this.createQueryBuilder('ticket').getMany();
        },
      })
      .everything(),
  'a query runner shows own rows only': ({ withRunner }) => withRunner((runner) => runner.manager.find(Ticket)),
  'a transaction shows own rows only': ({ dataSource }) => dataSource.transaction((manager) => manager.find(Ticket)),
  'a repository carried into a transaction shows own rows only': ({ dataSource, repo }) =>
    dataSource.transaction((manager) => manager.withRepository(repo(Member)).find()),
  'a stream shows own rows only': {
    attempt: async ({ repo }) => {
      const rows: unknown[] = [];
      for await (const row of await repo(Ticket).createQueryBuilder('ticket').stream()) rows.push(row);
      return rows;
    },
    not: {
      sqljs: 'the driver has no streams',
      postgres: 'streams need another package',
      postgres15: 'streams need another package',
    },
  },
  'a locking read shows own rows only': {
    attempt: ({ dataSource }) =>
      dataSource.transaction((manager) => manager.find(Ticket, { lock: { mode: 'pessimistic_write' } })),
    not: { sqljs: 'the driver has no locks' },
  },
  'a locking read keeps no other tenant waiting': {
    attempt: ({ dataSource }) =>
      dataSource.transaction(async (manager) => {
        await manager.find(Ticket, { lock: { mode: 'pessimistic_write' } });
        const others = {
          where: { id: foreign.ticket },
          lock: { mode: 'pessimistic_write', onLocked: 'nowait' },
        } as const;
        const update = tenancy.run(GLOBEX, () => dataSource.transaction((other) => other.findOne(Ticket, others)));
        return update.then(
          () => crossedIf(false),
          () => crossedIf(true),
        );
      }),
    not: { sqljs: 'the driver has no locks' },
  },
  'distinct rows are own rows': {
    attempt: ({ repo }) => repo(Ticket).createQueryBuilder('ticket').distinctOn(['ticket.subject']).getMany(),
    not: { sqljs: 'no DISTINCT ON', mariadb: 'no DISTINCT ON' },
  },
});
