// @ts-check
import { Agent, request } from 'node:http';

/**
 * What is known of an item: what was acknowledged, and what may have happened in a request without a good response.
 *
 * @typedef {object} Known
 * @property {number} tenant
 * @property {string} code
 * @property {number} id
 * @property {number} value the last one that was acknowledged
 * @property {number | undefined} perhaps one that may have been written after it
 * @property {boolean} isLedgered
 * @property {'there' | 'gone' | 'unknown'} state
 * @property {number} touched how often it was acknowledged
 */

/** @typedef {{ status: number, body: any }} Received */

/** Requests without a response: some may have had an effect, those that found no server had none. */
const NAMES = new Map([
  [0, 'none'],
  [-1, 'refused'],
]);

const WORKERS = 4;
/** Rows are as large as those of an ordinary application, so that a full disk is noticed soon. */
const TEXT = 'text '.repeat(100);
/** How long a client waits for a response. */
const PATIENCE = 15_000;

/** Requests of several tenants at a time, with a record of all that was acknowledged. */
export class Load {
  /** @type {Map<string, Known>} */
  items = new Map();
  /** @type {Map<string, number>} */
  statuses = new Map();
  sent = 0;
  acknowledged = 0;
  /** Rows of another tenant in responses. */
  crossed = 0;
  /** @type {Promise<void>[]} */
  workers = [];
  isOver = false;
  /** The time of the first read and the first write of each tenant that succeeded, of those that began after a time. */
  since = Infinity;
  /** @type {Map<string, number>} */
  recovered = new Map();

  /**
   * @param {number} port
   * @param {readonly number[]} tenants
   * @param {'none' | 'touch' | 'count'} contention what several clients do to the same rows
   */
  constructor(port, tenants, contention) {
    this.port = port;
    this.tenants = tenants;
    this.contention = contention;
    this.agent = new Agent({ keepAlive: true });
    this.run = Math.random().toString(36).slice(2, 8);
  }

  async start() {
    for (const tenant of this.tenants) {
      // Rows that all workers of the tenant write.
      if (this.contention !== 'none') for (const name of ['a', 'b']) await this.create(tenant, `shared-${name}`, false);
      for (let worker = 0; worker < WORKERS; worker += 1) this.workers.push(this.work(tenant, worker));
    }
  }

  async stop() {
    this.isOver = true;
    await Promise.all(this.workers);
    this.agent.destroy();
  }

  /** Begins to measure the recovery. */
  mark() {
    this.since = performance.now();
    this.recovered.clear();
  }

  /** The seconds until each tenant could read and write; undefined if one could not. */
  recovery() {
    if (this.recovered.size < 2 * this.tenants.length) return undefined;
    return Math.max(0, ...[...this.recovered.values()].map((time) => time - this.since)) / 1000;
  }

  /** @param {number} tenant @param {number} worker */
  async work(tenant, worker) {
    /** @type {Known[]} */
    const own = [];
    for (let turn = 0; !this.isOver; turn += 1) {
      const item = own.at(-1);
      const kind = turn % 8;
      if (kind === 3) await this.list(tenant);
      else if (kind === 7 && item !== undefined) await this.remove(item);
      else if (kind % 2 === 1 && item !== undefined) await this.change(item, turn);
      else if (kind === 4 && this.contention !== 'none') await this.contend(tenant, worker);
      else {
        const made = await this.create(tenant, `${worker}-${turn}`, kind === 2);
        if (made !== undefined) own.push(made);
      }
      if (own.at(-1)?.state !== 'there') own.pop();
    }
  }

  /** @param {number} tenant @param {string} name @param {boolean} isLedgered */
  async create(tenant, name, isLedgered) {
    const code = `${this.run}-${name}`;
    /** @type {Known} */
    const item = { tenant, code, id: 0, value: 0, perhaps: undefined, isLedgered, state: 'unknown', touched: 0 };
    this.items.set(`${tenant} ${code}`, item);
    const { status, body } = await this.send(tenant, 'POST', isLedgered ? '/ledgered-items' : '/items', {
      code,
      owner: ownerOf(tenant),
      text: TEXT,
    });
    if (status !== 201) return undefined;
    this.check(tenant, [body]);
    item.state = 'there';
    item.id = body.id;
    return item;
  }

  /** @param {Known} item @param {number} value */
  async change(item, value) {
    const { status, body } = await this.send(item.tenant, 'PATCH', `/items/${item.id}`, { value });
    if (status === 200) {
      this.check(item.tenant, [body]);
      item.value = value;
    } else {
      // It may be written later than anything that follows, so nothing follows.
      item.perhaps = value;
      item.state = 'unknown';
      item.id = -item.id;
    }
  }

  /** @param {Known} item */
  async remove(item) {
    const { status } = await this.send(item.tenant, 'DELETE', `/items/${item.id}`);
    item.state = status === 204 ? 'gone' : 'unknown';
    if (status !== 204) item.id = 0;
  }

  /** @param {number} tenant */
  async list(tenant) {
    const { status, body } = await this.send(tenant, 'GET', '/items?limit=50&sort=-id');
    if (status === 200) this.check(tenant, body.items);
  }

  /** @param {number} tenant @param {number} worker */
  async contend(tenant, worker) {
    const shared = ['a', 'b'].map((name) => this.items.get(`${tenant} ${this.run}-shared-${name}`));
    const [first, second] = worker % 2 === 0 ? shared : shared.reverse();
    if (first === undefined || second === undefined) return;
    const isCount = this.contention === 'count';
    const body = isCount ? { code: first.code } : { codes: [first.code, second.code] };
    const { status } = await this.send(tenant, 'POST', `/items/${this.contention}`, body);
    if (status !== 204) return;
    first.touched += 1;
    if (!isCount) second.touched += 1;
  }

  /** @param {number} tenant @param {{ owner: string, organizationId: number }[]} rows */
  check(tenant, rows) {
    this.crossed += rows.filter((row) => row.owner !== ownerOf(tenant) || row.organizationId !== tenant).length;
  }

  /**
   * @param {number} tenant
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<Received>}
   */
  async send(tenant, method, path, body) {
    const began = performance.now();
    this.sent += 1;
    const received = await this.exchange(tenant, method, path, body);
    const { status } = received;
    const name = NAMES.get(status) ?? String(status);
    this.statuses.set(name, (this.statuses.get(name) ?? 0) + 1);
    const isGood = status >= 200 && status < 300;
    if (isGood && method !== 'GET') this.acknowledged += 1;
    const key = `${tenant} ${method === 'GET' ? 'reads' : 'writes'}`;
    if (isGood && began >= this.since && !this.recovered.has(key)) this.recovered.set(key, performance.now());
    // A client that cannot reach the server tries again a moment later.
    if (!isGood) await new Promise((resolve) => setTimeout(resolve, 20));
    return received;
  }

  /**
   * @param {number} tenant
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<Received>}
   */
  exchange(tenant, method, path, body) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      'x-tenant': String(tenant),
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    return new Promise((resolve) => {
      const none = (/** @type {any} */ error) =>
        resolve({ status: error?.code === 'ECONNREFUSED' ? -1 : 0, body: undefined });
      const sent = request(
        { host: '127.0.0.1', port: this.port, agent: this.agent, method, path, headers, timeout: PATIENCE },
        (response) => {
          /** @type {Buffer[]} */
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', none);
          response.on('end', () => {
            const received = Buffer.concat(chunks).toString();
            try {
              resolve({ status: response.statusCode ?? 0, body: received === '' ? undefined : JSON.parse(received) });
            } catch (error) {
              none(error);
            }
          });
        },
      );
      sent.on('error', none);
      sent.on('timeout', () => sent.destroy());
      sent.end(text);
    });
  }
}

/** @param {number} tenant */
function ownerOf(tenant) {
  return `tenant ${tenant}`;
}
