import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, get, request, type IncomingMessage, type RequestOptions, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { adaptersToTest } from '../support/adapters.js';
import { openSupportDesk } from '../support/support-desk.js';
import type { SupportDesk } from '../support/support-desk.js';

describe.each(adaptersToTest())('closing the support desk on %s', (adapter) => {
  let desk: SupportDesk;
  let other: pg.Client;
  const agent = new Agent({ keepAlive: true });

  beforeAll(async () => {
    desk = await openSupportDesk(adapter, { listen: true });
    const { url } = desk.dataSource.options as { url: string };
    other = new pg.Client({ connectionString: url });
    await other.connect();
  });
  afterAll(async () => {
    agent.destroy();
    await other.end();
    await desk.close();
  });

  it('finishes the request in flight, and keeps no connection open', async () => {
    const token = await desk.signIn('ada@acme.example');
    const server = desk.app.getHttpServer() as unknown as Server;
    const { port } = server.address() as AddressInfo;
    const target = { port, agent, headers: { Authorization: `Bearer ${token}` } };
    // An idle connection that the client would keep.
    await received(get({ ...target, path: '/health' }));

    // A row lock holds up the request; the test lets it go when the application is closing.
    await other.query('BEGIN');
    await other.query('SELECT 1 FROM "support_ticket" WHERE "id" = 1 FOR UPDATE');
    const patch = received(
      send({ ...target, method: 'PATCH', path: '/api/support-tickets/1' }, { subject: 'In flight' }),
    );
    await lockIsAwaited(other);
    const closed = desk.app.close();
    while (server.listening) await new Promise(setImmediate);
    const refused = await new Promise((resolve) => get({ port, path: '/health', agent: false }).once('error', resolve));
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });

    await other.query('COMMIT');
    const { status, headers, body } = await patch;
    expect({ status, connection: headers.connection }).toEqual({ status: 200, connection: 'close' });
    expect(JSON.parse(body)).toMatchObject({ id: 1, subject: 'In flight' });
    await closed;
    const { rows } = await other.query('SELECT "subject" FROM "support_ticket" WHERE "id" = 1');
    expect(rows).toEqual([{ subject: 'In flight' }]);
  });
});

function send(options: RequestOptions, body: object): ReturnType<typeof request> {
  const sent = request({ ...options, headers: { ...options.headers, 'Content-Type': 'application/json' } });
  sent.end(JSON.stringify(body));
  return sent;
}

interface Received {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function received(sent: ReturnType<typeof request>): Promise<Received> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode!, headers: response.headers, body };
}

async function lockIsAwaited(client: pg.Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rowCount !== null && rowCount > 0) return;
    await new Promise(setImmediate);
  }
}
