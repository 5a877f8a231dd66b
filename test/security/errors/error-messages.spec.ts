import { attacks, crossedIf } from '../../support/attack.js';
import type { SpecialAttempt } from '../../support/attack.js';
import { Note, Ticket, Translation, Verdict } from '../../support/desk.js';
import { foreign } from '../../support/world.js';
import type { World } from '../../support/world.js';

/*
 * A database may ask a caller's condition of a row before it asks whose the row is. A condition that fails for some rows tells of them,
 * by its message or by failing at all.
 */

/** The message with which something fails. */
const failure = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'nothing',
    (error: Error) => error.message,
  );

/** A condition that fails, with the text of the column in the message. MariaDB says it in writes only. */
const failing = ({ kind }: World, column: string): string =>
  kind === 'mariadb' ? `${column} + 0 = 1` : `CAST(${column} AS integer) = 1`;

/** A condition that fails wherever it is asked of a row. */
function refusing({ kind }: World, column: string): string {
  if (kind === 'mariadb') return `~0 + LENGTH(${column}) = 1`;
  return kind === 'sqljs' ? `json(${column}) IS NULL` : `1 / (LENGTH(${column}) - LENGTH(${column})) = 1`;
}

/** Whether a condition fails for one guess and not for the other. */
async function differs<T>(
  guesses: readonly [there: T, missing: T],
  ask: (guess: T) => Promise<unknown>,
): Promise<string> {
  const [there, missing] = [await failure(ask(guesses[0])), await failure(ask(guesses[1]))];
  return crossedIf(there !== 'nothing' && missing === 'nothing');
}

const VALUES_IN_MESSAGES: SpecialAttempt['not'] = { sqljs: 'its messages hold no values' };
const VALUES_IN_MESSAGES_OF_READS: SpecialAttempt['not'] = {
  ...VALUES_IN_MESSAGES,
  mariadb: 'its messages hold values in writes only',
};

attacks('G-08 the message of a condition that fails', {
  'does not hold a row that belongs through its parent': {
    attempt: (world) =>
      failure(
        world
          .repo(Verdict)
          .createQueryBuilder('v')
          .where(`v.id = :id AND ${failing(world, 'v.summary')}`, { id: foreign.verdict })
          .getMany(),
      ),
    not: VALUES_IN_MESSAGES_OF_READS,
  },
  'does not hold a row with a key of its parent': {
    attempt: (world) =>
      failure(
        world
          .repo(Translation)
          .createQueryBuilder('v')
          .where(`v.${world.escape('ticketId')} = :id AND ${failing(world, 'v.text')}`, { id: foreign.ticket })
          .getMany(),
      ),
    not: VALUES_IN_MESSAGES_OF_READS,
  },
  'does not hold a row that it would update': {
    attempt: (world) =>
      failure(
        world
          .repo(Verdict)
          .createQueryBuilder()
          .update()
          .set({ summary: 'x' })
          .where(`id = :id AND ${failing(world, 'summary')}`, { id: foreign.verdict })
          .execute(),
      ),
    not: VALUES_IN_MESSAGES,
  },
  'does not hold a row with a tenant that it would update': {
    attempt: (world) =>
      failure(
        world
          .repo(Note)
          .createQueryBuilder()
          .update()
          .set({ body: 'x' })
          .where(`body NOT LIKE 'acme%' AND ${failing(world, 'body')}`)
          .execute(),
      ),
    not: VALUES_IN_MESSAGES,
  },
  'does not hold a row with a tenant when it is as cheap as the question for the tenant': {
    attempt: async ({ repo }) => {
      // Own rows move behind the others.
      await repo(Note)
        .createQueryBuilder()
        .update()
        .set({ body: () => 'body' })
        .where("body LIKE 'acme%'")
        .execute();
      return failure(repo(Note).createQueryBuilder('n').where(`has_database_privilege(n.body, 'CONNECT')`).getMany());
    },
    not: { sqljs: 'it has no privileges', mariadb: 'its privileges are not asked by functions' },
  },
});

attacks('G-08 a condition that fails', {
  'does not tell that a row is there which has a tenant': {
    attempt: (world) =>
      differs([foreign.note, 7777], (id) =>
        world
          .repo(Note)
          .createQueryBuilder('n')
          .where(`n.id = :id AND ${refusing(world, 'n.body')}`, { id })
          .getMany(),
      ),
    not: { mariadb: 'it computes with a row that it finds by its key before any condition' },
  },
  'does not tell what is in a row that has a tenant': (world) =>
    differs(['globex%', 'nobody%'], (guess) =>
      world
        .repo(Note)
        .createQueryBuilder('n')
        .where(`CASE WHEN n.body LIKE :guess THEN ${refusing(world, 'n.body')} ELSE 1=1 END`, { guess })
        .getMany(),
    ),
  'does not tell what is in a joined row': (world) =>
    differs(['globex%', 'nobody%'], (guess) =>
      world
        .repo(Ticket)
        .createQueryBuilder('t')
        .leftJoin(Note, 'n', `CASE WHEN n.body LIKE :guess THEN ${refusing(world, 'n.body')} ELSE 1=1 END`, { guess })
        .select('COUNT(n.id)', 'n')
        .getRawMany(),
    ),
});
