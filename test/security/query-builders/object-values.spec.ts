import { attacks } from '../../support/attack.js';
import { Note, Quote, Ticket } from '../../support/desk.js';
import { foreign, own } from '../../support/world.js';

const onlyPostgres = (reason: string): Record<string, string> => ({ sqljs: reason, mariadb: reason });
const onlyMariadb = (reason: string): Record<string, string> => ({
  sqljs: reason,
  postgres: reason,
  postgres15: reason,
});

attacks('G-03 a value that is an object', {
  'is no SQL when it is asked again': {
    attempt: async (world) => {
      const answers: unknown[] = [];
      for (let honest = 0; honest < 12; honest += 1) {
        let reads = 0;
        const value = {
          get toSqlString() {
            return reads++ < honest ? undefined : () => "'' OR 1=1 ) OR ( 1=1";
          },
        };
        answers.push(
          await world
            .repo(Ticket)
            .createQueryBuilder('t')
            .where('t.subject = :value', { value })
            .getMany()
            .catch((error: Error) => error.name),
        );
      }
      return answers;
    },
    not: onlyMariadb('values are never text there'),
  },
  'is no SQL deep in lists': {
    attempt: (world) => {
      const depth = 12;
      let value: unknown = { toSqlString: () => `0${')'.repeat(depth + 1)} OR 1=1 OR ${'('.repeat(depth + 1)}1=1` };
      for (let i = 0; i < depth; i += 1) value = [value];
      return world.repo(Ticket).createQueryBuilder('t').where('1=1 AND t.id IN (:value)', { value }).getMany();
    },
    not: onlyMariadb('values are never text there'),
  },
  'is the same reference when it is checked and when it is written': {
    attempt: async ({ repo }) => {
      const answers: unknown[] = [];
      for (const honest of [4, 3, 2, 1, 0]) {
        let reads = 0;
        const ticketId = {
          toString: () => String(own.ticket),
          toPostgres: () => (reads++ < honest ? own.ticket : foreign.ticket),
        };
        answers.push(
          await repo(Quote)
            .insert({ organizationId: 1, text: 'planted', ticketId: ticketId as never })
            .catch((error: Error) => error.name),
        );
      }
      return answers;
    },
    not: onlyPostgres('its driver does not ask objects'),
  },
  'is the same reference when it is given as a key': async ({ repo }) => {
    const answers: unknown[] = [];
    for (let honest = 12; honest >= 0; honest -= 1) {
      let reads = 0;
      const ticketId = {
        get id() {
          return reads++ < honest ? own.ticket : foreign.ticket;
        },
      };
      answers.push(
        await repo(Note)
          .update({ id: own.note }, { ticketId: ticketId as never })
          .catch((error: Error) => error.name),
      );
    }
    return answers;
  },
});
