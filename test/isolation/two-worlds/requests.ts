import type { Random } from '../../support/random.js';
import type { Answer, Message } from '../../support/transport.js';
import { messageOf } from './desk.js';
import type { Method } from './desk.js';
import { ACME_FROM, ACME_ROWS, GLOBEX_TO, STATES, WORDS } from './rows.js';

type Collection = 'tickets' | 'agents' | 'tags' | 'notes';

/** A request of Acme, and what kind of request it is. */
export interface Step extends Message {
  readonly kind: string;
}

const INCLUDES = {
  tickets: ['assignee', 'assignee.tickets', 'tags', 'notes', 'tags,notes', 'assignee,tags,notes', 'organization'],
  agents: ['tickets', 'tickets.tags', 'tickets.notes', 'tickets.tags,tickets.notes'],
  tags: ['tickets'],
  notes: ['ticket', 'ticket.assignee'],
} as const;
const SORTS = {
  tickets: ['orderNumber', '-subject', 'status,-orderNumber', 'points__nullsfirst', '-assignee.name', 'organizationId'],
  agents: ['name', '-name', 'id'],
  tags: ['-name', 'name'],
  notes: ['-body', 'ticketId'],
} as const;

/** Makes up one request after the other: what the answers to earlier ones showed goes into later ones. */
export class Requests {
  private readonly keys: Record<Collection, number[]>;
  private readonly tags: string[] = [];
  private readonly cursors: { url: string; cursor: string }[] = [];
  /** The ticket that each own note lies below. */
  private readonly ticketOf = new Map<number, number>();
  private readonly removed: number[] = [];
  private orderNumber = 100;

  constructor(private readonly random: Random) {
    const keys = (count: number): number[] => Array.from({ length: count }, (_, n) => ACME_FROM + n);
    this.keys = {
      tickets: keys(ACME_ROWS.tickets),
      agents: keys(ACME_ROWS.agents),
      tags: keys(ACME_ROWS.tags),
      notes: keys(ACME_ROWS.notes),
    };
    for (const note of this.keys.notes) this.ticketOf.set(note, ACME_FROM + ((note - ACME_FROM) % ACME_ROWS.tickets));
  }

  next(): Step {
    const { random } = this;
    const collection = random.pick(['tickets', 'tickets', 'agents', 'tags', 'notes'] as const);
    const makers = [
      () => this.list(collection),
      () => this.list(collection),
      () => this.filtered(),
      () => this.page(false),
      () => this.page(true),
      () => this.read(collection),
      () => this.read(collection),
      () => this.write('create', 'POST', this.path(collection), this.body(collection)),
      () =>
        this.write(
          'create many',
          'POST',
          '/tickets/bulk',
          random.several(3, () => this.body('tickets')),
        ),
      () => this.write('replace', 'PUT', this.rowPath(collection), this.body(collection)),
      () => this.write('change', 'PATCH', this.rowPath(collection), this.part(collection)),
      () => this.write('remove', 'DELETE', this.rowPath(random.pick(['tickets', 'tags', 'notes'] as const))),
      () => this.write('restore', 'POST', `/tickets/${this.deletedKey()}/restore`, {}),
    ];
    return random.pick(makers)();
  }

  /** Remembers what an answer shows. */
  learn({ kind, url }: Step, { status, headers, text }: Answer): void {
    if (status >= 300) return;
    if (kind === 'remove' && url.split('/').length === 3) this.removed.push(Number(url.split('/')[2]));
    if (typeof headers['etag'] === 'string') this.tags.push(headers['etag']);
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    if (typeof body !== 'object' || body === null) return;
    const { id, nextCursor, prevCursor } = body as Record<string, unknown>;
    const [, first, , below] = url.split(/[/?]/);
    if (typeof id === 'number') this.keys[below === 'notes' ? 'notes' : (first as Collection)].push(id);
    const { ticketId } = body as Record<string, unknown>;
    if (typeof id === 'number' && typeof ticketId === 'number') this.ticketOf.set(id, ticketId);
    for (const cursor of [nextCursor, prevCursor]) if (typeof cursor === 'string') this.cursors.push({ url, cursor });
  }

  private list(collection: Collection): Step {
    const { random } = this;
    const parameters = new URLSearchParams({ limit: String(random.between(1, 15)) });
    if (random.chance(0.5)) parameters.set('sort', random.pick(SORTS[collection]));
    if (random.chance(0.4)) parameters.set('include', random.pick(INCLUDES[collection]));
    if (random.chance(0.3)) parameters.set('search', random.pick([...WORDS, 'globex', '%', 'note']));
    if (collection !== 'tags' && random.chance(0.4)) parameters.set('cursor', '');
    else if (random.chance(0.4)) parameters.set('offset', String(random.below(10)));
    if (collection === 'tickets' && random.chance(0.5)) parameters.set('filters', JSON.stringify(this.filter(2)));
    return this.ask('list', 'GET', `${this.path(collection)}?${parameters.toString()}`);
  }

  private filtered(): Step {
    const parameters = new URLSearchParams(
      this.random.pick<Record<string, string>>([
        { 'tickets.status': this.random.pick([...STATES, 'secret']) },
        { 'tickets.tags.name__istarts_with': this.random.pick(WORDS).slice(0, 2) },
        { filters: JSON.stringify({ $not: { 'tickets.status': this.random.pick(STATES) } }) },
        { id: String(this.key('agents')), include: 'tickets.tags' },
      ]),
    );
    return this.ask('filter over relations', 'GET', `/agents?${parameters.toString()}`);
  }

  /** The page behind a cursor, or behind one that Acme has made out of it. */
  private page(forged: boolean): Step {
    const { random } = this;
    if (this.cursors.length === 0) return this.list('tickets');
    const { url, cursor } = random.pick(this.cursors);
    const [path, query] = url.split('?');
    const parameters = new URLSearchParams(query);
    parameters.set('cursor', forged ? this.forge(cursor) : cursor);
    return this.ask(forged ? 'forged cursor' : 'cursor', 'GET', `${path}?${parameters.toString()}`);
  }

  private forge(cursor: string): string {
    const [version, list, forwards, ...values] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const forged = values.map((value) => {
      if (typeof value === 'number') return this.random.between(0, 70);
      return this.random.pick([value, 'globex agent', null, 'a', '5']);
    });
    const direction = this.random.pick([forwards, 0, 1]);
    return Buffer.from(JSON.stringify([version, list, direction, ...forged])).toString('base64url');
  }

  private read(collection: Collection): Step {
    const { random } = this;
    const include = random.chance(0.4) ? `?include=${random.pick(INCLUDES[collection])}` : '';
    const step = this.ask('read', 'GET', `${this.rowPath(collection)}${include}`);
    return random.chance(0.3) ? this.knowing('if-none-match', step) : step;
  }

  private write(kind: string, method: Method, url: string, body?: object): Step {
    const step = this.ask(kind, method, url, body);
    return method !== 'POST' && this.random.chance(0.2) ? this.knowing('if-match', step) : step;
  }

  private ask(kind: string, method: Method, url: string, body?: object): Step {
    return { kind, ...messageOf('1', method, url, body) };
  }

  private knowing(header: string, step: Step): Step {
    return { ...step, headers: { ...step.headers, [header]: this.tag() } };
  }

  private path(collection: Collection): string {
    return collection === 'notes' ? `${this.rowPath('tickets')}/notes` : `/${collection}`;
  }

  private rowPath(collection: Collection): string {
    const key = this.key(collection);
    const ticket = collection === 'notes' ? this.ticketOf.get(Number(key)) : undefined;
    const place = ticket === undefined || this.random.chance(0.2) ? this.path(collection) : `/tickets/${ticket}/notes`;
    return `${place}/${key}`;
  }

  private deletedKey(): number | string {
    return this.removed.length > 0 && this.random.chance(0.6) ? this.random.pick(this.removed) : this.key('tickets');
  }

  /** Mostly an own key; or one that is Globex's in one of the worlds, or one that nobody has. */
  private key(collection: Collection): number | string {
    const { random } = this;
    if (random.chance(0.75)) return random.pick(this.keys[collection].slice(-20));
    if (random.chance(0.8)) return random.between(1, GLOBEX_TO);
    return random.pick([0, -1, 900, 999, 'abc', 9_999_999]);
  }

  private tag(): string {
    return this.random.pick(['"1"', '"2"', '*', ...this.tags.slice(-5)]);
  }

  private part(collection: Collection): object {
    const body = Object.entries(this.body(collection));
    return Object.fromEntries([this.random.pick(body), this.random.pick(body)]);
  }

  private body(collection: Collection): object {
    const { random } = this;
    const word = random.pick([...WORDS, 'globex']);
    switch (collection) {
      case 'tickets':
        return {
          orderNumber: random.chance(0.7) ? (this.orderNumber += 1) : random.between(1, GLOBEX_TO),
          subject: `${word} ${random.pick(WORDS)}`,
          status: random.pick([...STATES, 'secret']),
          points: random.pick([null, 1, 5]),
          assigneeId: random.chance(0.3) ? null : this.key('agents'),
          ...(random.chance(0.4) && { tags: random.several(random.below(3), () => this.key('tags')) }),
        };
      case 'agents':
        return { name: `${word} agent`, ...(random.chance(0.2) && { organizationId: 2 }) };
      case 'tags':
        return { name: random.pick([...WORDS, `globex ${random.between(1, GLOBEX_TO)}`, `own ${this.orderNumber}`]) };
      case 'notes':
        return { body: `${word} note`, ...(random.chance(0.3) && { ticketId: this.key('tickets') }) };
    }
  }

  private filter(depth: number): object {
    const { random } = this;
    if (depth > 0 && random.chance(0.4)) {
      const parts = (): object[] => random.several(2, () => this.filter(depth - 1));
      return random.pick([() => ({ $or: parts() }), () => ({ $and: parts() }), () => ({ $not: this.filter(0) })])();
    }
    return random.pick<() => object>([
      () => ({ status__in: [random.pick(STATES), 'secret'] }),
      () => ({ id: random.between(1, GLOBEX_TO) }),
      () => ({ assigneeId: Number(this.key('agents')) || 1 }),
      () => ({ orderNumber__between: [random.below(20), random.between(20, 120)] }),
      () => ({ 'assignee.name__icontains': random.pick([...WORDS, 'globex']) }),
      () => ({ 'tags.name': random.pick(WORDS) }),
      () => ({ 'notes.body__starts_with': random.pick(['globex', 'late', 'c']) }),
      () => ({ points__is_null: random.chance(0.5) }),
      () => ({}),
    ])();
  }
}
