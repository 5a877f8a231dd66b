import { Member, News, Organization, Ticket } from '../../support/desk.js';
import { allowed, MARIADB, POSTGRES, tickets } from '../../support/attack.js';

allowed('everyday use of connections', {
  'a stream of rows': {
    use: async (w) => {
      const rows: unknown[] = [];
      for await (const row of await tickets(w).stream()) rows.push(row);
      return rows;
    },
    on: MARIADB,
  },
  'a lock': {
    use: (w) =>
      w.dataSource.transaction((m) =>
        m.createQueryBuilder(Ticket, 't').setLock('pessimistic_write').where('t.id = 1').getOne(),
      ),
    on: [...POSTGRES, ...MARIADB],
  },
  'a hint': { use: (w) => tickets(w).useIndex('PRIMARY').maxExecutionTime(1000).getMany(), on: MARIADB },
  'a health check': ({ dataSource }) => dataSource.query('SELECT 1'),
  'a health check with a semicolon': ({ dataSource }) => dataSource.query('SELECT 1;'),
  'a raw SQL query with a comment': ({ dataSource }) => dataSource.query('/* health */ SELECT 1 -- ok'),
  'a raw SQL query on a shared table': ({ dataSource }) =>
    dataSource.query("SELECT id, text FROM news WHERE text <> 'a ticket; a note' ORDER BY id LIMIT 5"),
  'a raw SQL query with parameters': ({ dataSource, kind }) =>
    dataSource.query(`SELECT text FROM news WHERE id = ${kind.startsWith('postgres') ? '$1' : '?'}`, [1]),
  'the time of the database': ({ dataSource }) => dataSource.query('SELECT CURRENT_TIMESTAMP AS now'),
  'the version of the database': {
    use: ({ dataSource }) => dataSource.query('SELECT version()'),
    on: [...POSTGRES, ...MARIADB],
  },
  'a look at the schema': ({ withRunner }) =>
    withRunner(async (runner) => [await runner.hasTable('ticket'), await runner.hasColumn('ticket', 'id')]),
  'a look at a table': ({ withRunner }) => withRunner((runner) => runner.getTable('ticket')),
  'an advisory lock': {
    use: ({ dataSource }) => dataSource.transaction((m) => m.query('SELECT pg_advisory_xact_lock(1)')),
    on: POSTGRES,
  },
  'a setting of a transaction': {
    use: ({ dataSource }) =>
      dataSource.transaction(async (m) => [
        await m.query("SET LOCAL statement_timeout = '5s'"),
        await m.query("SELECT set_config('app.user', $1, true)", ['ada']),
      ]),
    on: POSTGRES,
  },
  'a notification': { use: ({ dataSource }) => dataSource.query("NOTIFY changes, 'ticket 1'"), on: POSTGRES },
  'savepoints that are set manually': ({ withRunner }) =>
    withRunner(async (runner) => {
      await runner.startTransaction();
      await runner.query('SAVEPOINT a');
      await runner.query('ROLLBACK TO SAVEPOINT a');
      await runner.query('RELEASE SAVEPOINT a');
      await runner.commitTransaction();
    }),
  'the own organization': (w) => w.repo(Organization).findOneByOrFail({ id: 1 }),
  'a shared row that is written': (w) => w.repo(News).save({ text: 'more' }),
  'a search in lower case': (w) =>
    tickets(w).where('LOWER(t.subject) LIKE LOWER(:q)', { q: '%ACME%' }).orWhere('t.subject = :q').getMany(),
  'a keyset page': (w) =>
    tickets(w)
      .where('(t.points, t.id) > (:p, :id)', { p: 0, id: 0 })
      .orderBy('t.points')
      .addOrderBy('t.id')
      .limit(2)
      .getMany(),
  'members with what they have': (w) =>
    w
      .repo(Member)
      .createQueryBuilder('m')
      .leftJoin('m.tickets', 't', 't.status = :s AND (t.points > 0 OR t.subject IS NOT NULL)', { s: 'open' })
      .select('m.email', 'email')
      .addSelect('COUNT(t.id)', 'n')
      .groupBy('m.email')
      .orderBy('n', 'DESC')
      .getRawMany(),
});
