import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { adaptersToTest } from '../../support/adapters.js';
import { openSupportDesk } from '../../support/support-desk.js';
import type { SupportDesk } from '../../support/support-desk.js';

const ROUNDS = 100;
const LIST = '/api/support-tickets?limit=100';

/** Holds statements inside the database driver until one of each tenant has arrived. */
class Barrier {
  pairs = 0;
  private waiting?: { readonly tenant: unknown; readonly proceed: () => void };

  async pass(tenant: unknown): Promise<void> {
    if (this.waiting !== undefined && this.waiting.tenant !== tenant) {
      this.pairs += 1;
      const { proceed } = this.waiting;
      this.waiting = undefined;
      proceed();
      return;
    }
    await new Promise<void>((proceed) => {
      this.waiting = { tenant, proceed };
    });
  }
}

describe.each(adaptersToTest())('G-08 two tenants at once on %s', (adapter) => {
  const query = pg.Client.prototype.query as (this: pg.Client, ...args: unknown[]) => unknown;
  let desk: SupportDesk;
  let port: number;
  let tokens: readonly [string, string];

  beforeAll(async () => {
    desk = await openSupportDesk(adapter, { listen: true });
    port = ((desk.app.getHttpServer() as unknown as http.Server).address() as AddressInfo).port;
    tokens = [await desk.signIn('ada@acme.example'), await desk.signIn('grace@globex.example')];
  });
  afterAll(() => desk.close());

  /** The organization of each ticket in an answer. */
  const ownersIn = (body: string): Set<number> =>
    new Set(
      (JSON.parse(body) as { items: { organizationId: number }[] }).items.map(({ organizationId }) => organizationId),
    );

  const get = (token: string, agent?: http.Agent): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      const call = http.get({ host: '127.0.0.1', port, path: LIST, headers, agent }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        answer.on('end', () => resolve(body));
      });
      call.on('error', reject);
    });

  it('never mixes requests that overlap inside the database driver', async () => {
    const barrier = new Barrier();
    pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
      const [given, parameters] = args as [string | pg.QueryConfig, unknown[] | undefined];
      const { text, values } = typeof given === 'string' ? { text: given, values: parameters } : given;
      if (!text?.includes('FROM "support_ticket"')) return query.apply(this, args);
      return barrier.pass(values?.[0]).then(() => query.apply(this, args));
    } as typeof pg.Client.prototype.query;
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        const [acme, globex] = await Promise.all(tokens.map((token) => get(token)));
        expect([[...ownersIn(acme)], [...ownersIn(globex)]]).toEqual([[1], [2]]);
      }
    } finally {
      pg.Client.prototype.query = query as typeof pg.Client.prototype.query;
    }
    process.stdout.write(`${adapter}: ${barrier.pairs} pairs of statements of two tenants overlapped in the driver\n`);
    expect(barrier.pairs).toBeGreaterThanOrEqual(ROUNDS);
  });

  it('never mixes tenants that take turns on one connection', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let turn = 0; turn < ROUNDS; turn += 1) {
        expect([...ownersIn(await get(tokens[turn % 2], agent))]).toEqual([(turn % 2) + 1]);
      }
    } finally {
      agent.destroy();
    }
  });

  it('never mixes requests that are pipelined on one socket', async () => {
    const count = 20;
    const socket = net.connect(port, '127.0.0.1');
    const bodies: string[] = [];
    const done = new Promise<void>((resolve, reject) => {
      let received = Buffer.alloc(0);
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        for (;;) {
          const headerEnd = received.indexOf('\r\n\r\n');
          if (headerEnd === -1) return;
          const length = Number(/content-length: (\d+)/i.exec(received.subarray(0, headerEnd).toString())?.[1]);
          if (received.length < headerEnd + 4 + length) return;
          bodies.push(received.subarray(headerEnd + 4, headerEnd + 4 + length).toString());
          received = received.subarray(headerEnd + 4 + length);
          if (bodies.length === count) resolve();
        }
      });
    });
    const requests = Array.from(
      { length: count },
      (_, i) => `GET ${LIST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokens[i % 2]}\r\n\r\n`,
    );
    socket.write(requests.join(''));
    await done;
    socket.destroy();
    expect(bodies.map((body) => [...ownersIn(body)])).toEqual(Array.from({ length: count }, (_, i) => [(i % 2) + 1]));
  });
});
