import { attacks, crossedIf } from '../../../support/attack.js';
import { Document, Member, Ticket, Watcher } from '../../../support/desk.js';
import { foreign, own } from '../../../support/world.js';

attacks('G-02 inserting or updating', {
  'by a key that holds no tenant changes no row of another tenant': ({ repo }) =>
    repo(Document).upsert({ id: foreign.document, organizationId: 1, title: 'taken' }, ['id']),
  'by a key of two columns changes no row of another tenant': ({ repo }) =>
    repo(Watcher).upsert({ ticketId: foreign.ticket, memberId: foreign.member, reason: 'taken' }, [
      'ticketId',
      'memberId',
    ]),
  'by a key that names another tenant changes no row there': ({ repo }) =>
    repo(Ticket).upsert({ organizationId: 2, orderNumber: 1001, subject: 'taken' }, ['organizationId', 'orderNumber']),
  'does not refer to a row of another tenant': ({ repo }) =>
    repo(Ticket).upsert({ organizationId: 1, orderNumber: 1001, subject: 'x', assigneeId: foreign.member }, [
      'organizationId',
      'orderNumber',
    ]),
  'several rows changes none of another tenant among them': ({ repo }) =>
    repo(Document).upsert(
      [
        { id: own.document, organizationId: 1, title: 'own' },
        { id: foreign.document, organizationId: 1, title: 'taken' },
      ],
      ['id'],
    ),
  'by a builder changes no row of another tenant': ({ repo }) =>
    repo(Document)
      .createQueryBuilder()
      .insert()
      .values({ id: foreign.document, organizationId: 1, title: 'taken' })
      .orUpdate(['title', 'organizationId'], ['id'])
      .execute(),
  'in a table by its name changes no row of another tenant': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .insert()
      .into('document')
      .values({ id: foreign.document, organizationId: 1, title: 'taken' })
      .orUpdate(['title'], ['id'])
      .execute(),
  'on a condition of the own tenant changes no row of another tenant': {
    attempt: ({ repo }) =>
      repo(Document)
        .createQueryBuilder()
        .insert()
        .values({ id: foreign.document, organizationId: 1, title: 'taken' })
        .orUpdate(['title'], ['id'], { overwriteCondition: { where: '1 = 1 OR 1 = 1' } })
        .execute(),
    not: { mariadb: 'no conditions there' },
  },
  'where nothing changes tells nothing of another tenant': async ({ repo }) => {
    const documents = repo(Document).createQueryBuilder('d').where('d.organizationId = 1');
    const before = await documents.getCount();
    const insert = repo(Document).createQueryBuilder().insert().orIgnore();
    await insert.values({ id: foreign.document, organizationId: 1, title: 'x' }).execute();
    return crossedIf((await documents.getCount()) === before);
  },
  'an own row does not give it to another tenant': ({ repo, kind }) =>
    repo(Member)
      .createQueryBuilder()
      .insert()
      .values({ organizationId: 2, email: 'acme@example.com', ...(kind === 'mariadb' && { id: own.member }) })
      .orUpdate(['organizationId'], ['organizationId', 'email'])
      .execute(),
});
