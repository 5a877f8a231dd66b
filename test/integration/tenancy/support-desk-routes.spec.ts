import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tenancy } from 'nestjs-muck';
import request from 'supertest';
import { Comment } from '../../../sample/01-support-desk/src/support-tickets/comment.entity.js';
import { HistoryEntry } from '../../../sample/01-support-desk/src/support-tickets/history-entry.entity.js';
import { Resolution } from '../../../sample/01-support-desk/src/support-tickets/resolution.entity.js';
import { SupportTicket } from '../../../sample/01-support-desk/src/support-tickets/support-ticket.entity.js';
import { Tag } from '../../../sample/01-support-desk/src/support-tickets/tag.entity.js';
import { User } from '../../../sample/01-support-desk/src/users/user.entity.js';
import { adaptersToTest } from '../../support/adapters.js';
import { openSupportDesk } from '../../support/support-desk.js';
import type { SupportDesk } from '../../support/support-desk.js';

type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** An id that no row has ever had. */
const NEVER = 2_000_000_000;
const TICKETS = '/api/support-tickets';
const COMMENT = { body: 'Mine now' };
const RESOLUTION = { summary: 'Mine now' };
const TICKET = { orderNumber: 9001, subject: 'Mine now' };

/** Rows of one organization: a ticket that is there and one that is deleted, and what hangs on the first. */
interface Rows {
  readonly ticket: number;
  readonly deleted: number;
  readonly comment: number;
  readonly history: number;
  readonly tag: number;
  readonly email: string;
}

/**
 * What may be asked about another organization's row. `at` gives the path, once with the row's id and once with {@link NEVER} in its place.
 */
interface Question {
  readonly verb: Verb;
  readonly of: keyof Omit<Rows, 'email'>;
  readonly at: (id: number, own: Rows, foreign: Rows) => string;
  readonly body?: object;
}

const QUESTIONS: Question[] = [
  { verb: 'get', of: 'ticket', at: (id) => `${TICKETS}/${id}?include=assignee,tags,resolution` },
  { verb: 'post', of: 'deleted', at: (id) => `${TICKETS}/${id}/restore` },
  { verb: 'get', of: 'deleted', at: (id) => `${TICKETS}/${id}` },

  { verb: 'get', of: 'ticket', at: (id) => `${TICKETS}/${id}/comments` },
  { verb: 'get', of: 'ticket', at: (id) => `${TICKETS}/${id}/comments?include=author&search=customer` },
  { verb: 'post', of: 'ticket', at: (id) => `${TICKETS}/${id}/comments`, body: COMMENT },
  { verb: 'post', of: 'ticket', at: (id) => `${TICKETS}/${id}/comments`, body: {} },
  { verb: 'get', of: 'comment', at: (id, _, { ticket }) => `${TICKETS}/${ticket}/comments/${id}` },
  { verb: 'get', of: 'comment', at: (id, { ticket }) => `${TICKETS}/${ticket}/comments/${id}` },
  { verb: 'patch', of: 'comment', at: (id, _, { ticket }) => `${TICKETS}/${ticket}/comments/${id}`, body: COMMENT },
  { verb: 'patch', of: 'comment', at: (id, { ticket }) => `${TICKETS}/${ticket}/comments/${id}`, body: COMMENT },
  { verb: 'delete', of: 'comment', at: (id, _, { ticket }) => `${TICKETS}/${ticket}/comments/${id}` },
  { verb: 'delete', of: 'comment', at: (id, { ticket }) => `${TICKETS}/${ticket}/comments/${id}` },

  { verb: 'get', of: 'ticket', at: (id) => `${TICKETS}/${id}/resolution` },
  { verb: 'post', of: 'ticket', at: (id) => `${TICKETS}/${id}/resolution`, body: RESOLUTION },
  { verb: 'put', of: 'ticket', at: (id) => `${TICKETS}/${id}/resolution`, body: RESOLUTION },
  { verb: 'patch', of: 'ticket', at: (id) => `${TICKETS}/${id}/resolution`, body: RESOLUTION },
  { verb: 'delete', of: 'ticket', at: (id) => `${TICKETS}/${id}/resolution` },

  { verb: 'get', of: 'ticket', at: (id) => `${TICKETS}/${id}/history` },
  { verb: 'get', of: 'history', at: (id, _, { ticket }) => `${TICKETS}/${ticket}/history/${id}` },
  { verb: 'get', of: 'history', at: (id, { ticket }) => `${TICKETS}/${ticket}/history/${id}` },

  { verb: 'get', of: 'tag', at: (id) => `/api/tags/${id}` },
  { verb: 'put', of: 'tag', at: (id) => `/api/tags/${id}`, body: { name: 'mine' } },
  { verb: 'patch', of: 'tag', at: (id) => `/api/tags/${id}`, body: { name: 'mine' } },
  { verb: 'delete', of: 'tag', at: (id) => `/api/tags/${id}` },

  { verb: 'put', of: 'tag', at: (id, { ticket }) => `${TICKETS}/${ticket}/tags/${id}` },
  { verb: 'put', of: 'ticket', at: (id, { tag }) => `${TICKETS}/${id}/tags/${tag}` },
  { verb: 'put', of: 'ticket', at: (id, _, { tag }) => `${TICKETS}/${id}/tags/${tag}` },
  { verb: 'delete', of: 'tag', at: (id, { ticket }) => `${TICKETS}/${ticket}/tags/${id}` },
  { verb: 'delete', of: 'ticket', at: (id, { tag }) => `${TICKETS}/${id}/tags/${tag}` },
  { verb: 'delete', of: 'ticket', at: (id, _, { tag }) => `${TICKETS}/${id}/tags/${tag}` },

  { verb: 'get', of: 'tag', at: (id) => `${TICKETS}?tags.id=${id}` },
  {
    verb: 'get',
    of: 'tag',
    at: (id) => `${TICKETS}?filters=${encodeURIComponent(JSON.stringify({ $or: [{ 'tags.id': id }] }))}`,
  },
];

/** Placeholders of ids in the tests' names. */
const ME: Rows = { ticket: 1, deleted: 1, comment: 1, history: 1, tag: 1, email: '' };
const THEM: Rows = { ticket: 2, deleted: 2, comment: 2, history: 2, tag: 2, email: '' };

describe.each(adaptersToTest())('the routes of the support desk on %s', (adapter) => {
  const tenancy = new Tenancy();
  const tokens: Record<string, string> = {};
  const rows: Record<string, Rows> = {};
  let desk: SupportDesk;

  beforeAll(async () => {
    desk = await openSupportDesk(adapter);
    for (const email of ['ada@acme.example', 'grace@globex.example']) {
      tokens[email] = await desk.signIn(email);
      rows[email] = await rowsOf(email);
    }
  });
  afterAll(() => desk.close());

  const rowsOf = (email: string): Promise<Rows> =>
    tenancy.unscoped('looks for rows of a tenant', async () => {
      const { manager } = desk.dataSource;
      const { organizationId } = await manager.findOneByOrFail(User, { email });
      const find = { where: { organizationId }, order: { id: 'ASC' } } as const;
      const comment = await manager.findOneOrFail(Comment, find);
      const deleted = await manager.findOneOrFail(SupportTicket, { ...find, order: { id: 'DESC' } });
      await manager.softDelete(SupportTicket, { id: deleted.id });
      const history = await manager.findOneByOrFail(HistoryEntry, { ticketId: comment.ticketId });
      const tag = await manager.findOneOrFail(Tag, find);
      if ((await manager.countBy(Resolution, { ticketId: comment.ticketId })) === 0) {
        await manager.insert(Resolution, { ticketId: comment.ticketId, summary: 'Only for its own organization.' });
      }
      return {
        email,
        ticket: comment.ticketId,
        deleted: deleted.id,
        comment: comment.id,
        history: history.id,
        tag: tag.id,
      };
    });
  const ask = (email: string, verb: Verb, path: string, body?: object): request.Test =>
    request(desk.app.getHttpServer())[verb](path).set('Authorization', `Bearer ${tokens[email]}`).send(body);
  /** Everything that both organizations have, as it is stored. */
  const stored = (): Promise<unknown> =>
    tenancy.unscoped('looks at all tables', async () => {
      const tables = ['support_ticket', 'comment', 'resolution', 'tag', 'support_ticket_tag', 'history_entry'];
      return Promise.all(tables.map((table) => desk.dataSource.query(`SELECT * FROM "${table}" ORDER BY 1, 2`)));
    });
  /** All of an answer. A list's `Link` repeats what was asked, the id too. */
  const heard = ({ status, headers, text }: request.Response, id: number): unknown => {
    const { date: _date, link = '', ...others } = headers as Record<string, string>;
    return {
      status,
      headers: others,
      link: decodeURIComponent(link).replaceAll(new RegExp(`\\b${id}\\b`, 'g'), '#'),
      text,
    };
  };

  describe.each([
    ['ada@acme.example', 'grace@globex.example'],
    ['grace@globex.example', 'ada@acme.example'],
  ])('for %s', (me, other) => {
    it.each(QUESTIONS.map((question) => [question.verb, question.of, question.at(0, ME, THEM), question] as const))(
      'answers %s of a foreign %s as of one that never was: %s',
      async (verb, of, _path, { at, body }) => {
        const before = await stored();
        const foreign = await ask(me, verb, at(rows[other][of], rows[me], rows[other]), body);
        const missing = await ask(me, verb, at(NEVER, rows[me], rows[other]), body);
        expect(foreign.status).toBeLessThan(500);
        expect(heard(foreign, rows[other][of])).toEqual(heard(missing, NEVER));
        expect(await stored()).toEqual(before);
      },
    );

    it('finds its own rows at the same paths', async () => {
      const own = rows[me];
      for (const { verb, of, at } of QUESTIONS) {
        const path = at(own[of], own, own);
        if (verb === 'get' && of !== 'deleted')
          expect([path, (await ask(me, 'get', path)).status]).toEqual([path, 200]);
      }
    });

    it('reads a comment of one ticket below no other', async () => {
      const { comment, ticket } = rows[me];
      const elsewhere = await ask(me, 'get', `${TICKETS}?id__ne=${ticket}&limit=1`).expect(200);
      await ask(me, 'get', `${TICKETS}/${elsewhere.body.items[0].id}/comments/${comment}`).expect(404);
    });

    it('names a foreign tag in a body as one that does not exist', async () => {
      const before = await stored();
      for (const [verb, path] of [
        ['post', TICKETS],
        ['patch', `${TICKETS}/${rows[me].ticket}`],
      ] as const) {
        const foreign = await ask(me, verb, path, { ...TICKET, tags: [rows[other].tag] });
        const missing = await ask(me, verb, path, { ...TICKET, tags: [NEVER] });
        expect(foreign.status).toBe(400);
        expect(heard(foreign, rows[other].tag)).toEqual(heard(missing, NEVER));
      }
      expect(await stored()).toEqual(before);
    });

    it('shows no user of the other organization in what is included', async () => {
      const { text } = await ask(me, 'get', `${TICKETS}?include=assignee,tags,resolution&limit=100`).expect(200);
      expect(text).toContain(me);
      expect(text).not.toContain(other.split('@')[1]);
      const found = await ask(me, 'get', `${TICKETS}?assignee.email=${other}`).expect(200);
      const nobody = await ask(me, 'get', `${TICKETS}?assignee.email=nobody@nowhere.example`).expect(200);
      expect(found.body).toEqual(nobody.body);
    });
  });
});
