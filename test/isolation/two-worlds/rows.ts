import type { Random } from '../../support/random.js';
import type { ScopedApplication } from '../../support/scoped-application.js';
import { messageOf } from './desk.js';

const TABLES = ['agent', 'tag', 'ticket', 'note'] as const;
type Row = Readonly<Record<string, string | number | null>>;

/** Acme's first key. What the database counts goes on from behind Acme's rows. */
export const ACME_FROM = 1001;
/** How many rows of each kind Acme has at first. */
export const ACME_ROWS = { agents: 4, tickets: 12, tags: 4, notes: 20 } as const;
/** Globex's keys, where it has any, lie from 1 up to this one. */
export const GLOBEX_TO = 60;

export const WORDS = ['late', 'parcel', 'cup', 'broken', 'lost', 'size'] as const;
export const STATES = ['open', 'pending', 'closed'] as const;

/** The same rows in each world. */
export async function sowAcme(desk: ScopedApplication): Promise<void> {
  const { agents, tickets, tags, notes } = ACME_ROWS;
  const each = (count: number, row: (n: number) => Row): Row[] =>
    Array.from({ length: count }, (_, n) => ({ id: ACME_FROM + n, organizationId: 1, ...row(n) }));
  await plant(desk, 'agent', ...each(agents, (n) => ({ name: `${WORDS[n]} agent` })));
  await plant(desk, 'tag', ...each(tags, (n) => ({ name: WORDS[n] })));
  await plant(
    desk,
    'ticket',
    ...each(tickets, (n) => ({
      orderNumber: n + 1,
      subject: `${WORDS[n % 6]} ${WORDS[(n * 5) % 6]}`,
      status: STATES[n % 3],
      version: 1,
      points: n % 4 === 0 ? null : n % 5,
      assigneeId: n % 3 === 0 ? null : ACME_FROM + (n % agents),
    })),
  );
  await plant(
    desk,
    'note',
    ...each(notes, (n) => ({ body: `${WORDS[n % 6]} note`, ticketId: ACME_FROM + (n % tickets) })),
  );
  for (let n = 0; n < tickets; n += 2) await link(desk, ACME_FROM + n, ACME_FROM + (n % tags));
  await countOn(desk);
}

/** What only one of the worlds has: rows of Globex, with keys that Acme's have not, some of them pointing at rows of Acme. */
export class Globex {
  private readonly next = new Map<string, number>();

  constructor(
    private readonly desk: ScopedApplication,
    private readonly random: Random,
  ) {}

  async grow(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) await this.add();
  }

  /** Adds, changes or removes rows, as another customer does in between. */
  async act(): Promise<void> {
    const { random } = this;
    const key = random.between(1, GLOBEX_TO);
    const send = (method: 'PATCH' | 'DELETE' | 'GET', url: string, body?: object) =>
      this.desk.transport.send(messageOf('2', method, url, body));
    await random.pick([
      () => this.add(),
      () => send('PATCH', `/tickets/${key}`, { status: random.pick(STATES), subject: `globex ${random.pick(WORDS)}` }),
      () => send('DELETE', `/tickets/${key}`),
      () => send('GET', '/tickets?include=tags,notes,assignee&cursor='),
      () => send('GET', `/tickets/${key}/notes?search=note`),
    ])();
  }

  private async add(): Promise<void> {
    const { desk, random } = this;
    const [agent, tag, ticket, note] = TABLES.map((table) => this.key(table));
    if (agent === undefined || tag === undefined || ticket === undefined || note === undefined) return;
    const own = (id: number) => ({ id, organizationId: 2 });
    const acmeTicket = random.between(ACME_FROM, ACME_FROM + ACME_ROWS.tickets - 1);
    const word = random.pick(WORDS);
    await plant(desk, 'agent', { ...own(agent), name: random.pick([`${word} agent`, 'globex agent']) });
    await plant(desk, 'tag', { ...own(tag), name: WORDS[tag - 1] ?? `globex ${tag}` });
    await plant(desk, 'ticket', {
      ...own(ticket),
      orderNumber: ticket,
      subject: random.pick([`${word} ${word}`, `globex ${word}`]),
      status: random.pick([...STATES, 'secret']),
      version: 1,
      points: random.below(6),
      assigneeId: agent,
    });
    // Old data, from before anything was enforced.
    const ticketId = random.chance(0.4) ? acmeTicket : ticket;
    await plant(desk, 'note', { ...own(note), body: random.pick([`${word} note`, 'globex note']), ticketId });
    await link(desk, ticket, tag);
    if (random.chance(0.3)) await link(desk, acmeTicket, tag);
  }

  private key(table: string): number | undefined {
    const key = (this.next.get(table) ?? 0) + this.random.between(1, 2);
    if (key > GLOBEX_TO) return undefined;
    this.next.set(table, key);
    return key;
  }
}

/** By hand: TypeORM gives rows of PostgreSQL no keys that PostgreSQL counts. */
async function plant({ dataSource, tenancy }: ScopedApplication, table: string, ...rows: Row[]): Promise<void> {
  const escaped = (names: readonly string[]): string => names.map((name) => dataSource.driver.escape(name)).join();
  const literal = (value: Row[string]): string => (typeof value === 'string' ? `'${value}'` : String(value));
  await tenancy.unscoped('rows of a test', async () => {
    for (const row of rows) {
      const values = Object.values(row).map(literal).join();
      await dataSource.query(`INSERT INTO ${escaped([table])} (${escaped(Object.keys(row))}) VALUES (${values})`);
    }
  });
}

function link(desk: ScopedApplication, ticketId: number, tagId: number): Promise<void> {
  return plant(desk, 'ticket_tags_tag', { ticketId, tagId });
}

/** PostgreSQL counts on from where it was, whatever keys it was given. */
async function countOn({ dataSource, tenancy }: ScopedApplication): Promise<void> {
  if (dataSource.options.type !== 'postgres') return;
  for (const table of TABLES) {
    await tenancy.unscoped('sets a counter', () =>
      dataSource.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), ${ACME_FROM + 500})`),
    );
  }
}
