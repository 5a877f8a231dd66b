import { attacksAlone } from '../../support/attack.js';
import { News, Note } from '../../support/desk.js';
import type { World } from '../../support/world.js';

const onlyPostgres = (reason: string): Record<string, string> => ({ sqljs: reason, mariadb: reason });
const onlySqlite = (reason: string): Record<string, string> => ({
  postgres: reason,
  postgres15: reason,
  mariadb: reason,
});

/** What a table's name may be qualified with. */
function schemaOf({ kind, dataSource }: World): string {
  if (kind === 'sqljs') return 'main';
  return kind === 'mariadb' ? String(dataSource.options.database) : 'public';
}

attacksAlone('G-09 a table in raw SQL behind a word that is no keyword', {
  'is found when a parameter is called so': (world) => {
    const schema = schemaOf(world);
    return world
      .repo(News)
      .createQueryBuilder('news')
      .select(`(SELECT MAX(x.subject) FROM (SELECT y.subject, :as FROM ${schema}.ticket y) x)`, 'subject')
      .addSelect(`(SELECT 1) ${schema}`)
      .setParameter('as', 'x')
      .getRawMany();
  },
  'is found when a column is called so': {
    attempt: ({ dataSource }) =>
      dataSource.query('SELECT x.subject, (SELECT 1) public, d.as FROM public.ticket x, (SELECT 1 AS "as") d'),
    not: { sqljs: 'it takes no such column', mariadb: 'a schema is a database there' },
  },
  'is found in brackets when it is a text': {
    attempt: ({ repo }) =>
      repo(News)
        .createQueryBuilder('news')
        .select(`(SELECT MAX(x.subject) FROM (SELECT subject, :as FROM ('ticket')) x)`, 'subject')
        .setParameter('as', 'x')
        .getRawMany(),
    not: onlySqlite('texts are no names there'),
  },
});

attacksAlone('G-09 the places in which a database keeps long texts', {
  'are not read by raw SQL': {
    given: ({ repo }) =>
      repo(Note).insert({
        organizationId: 2,
        body: `globex ${Array.from({ length: 4000 }, () => Math.random().toString(36)).join('')}`,
      }),
    attempt: async ({ dataSource }) => {
      const [{ name }] = await dataSource.query<{ name: string }[]>(
        `SELECT reltoastrelid::regclass::text AS name FROM pg_class WHERE relname = 'no' || 'te' AND relkind = 'r'`,
      );
      const chunks = await dataSource.query<{ text: string }[]>(
        `SELECT encode(chunk_data, 'escape') AS text FROM ${name}`,
      );
      return chunks.map(({ text }) => text.slice(0, 100));
    },
    not: onlyPostgres('it keeps them in the table'),
  },
});
