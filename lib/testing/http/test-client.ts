import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { TestRequest } from '../test-tenant.js';

/** A response as the client receives it. */
export interface TestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request that was sent, and its response. */
export interface Exchange {
  readonly request: TestRequest;
  readonly response: TestResponse;
}

/** Maximum time for a response, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** Sends requests to an application over connections of its own. */
export class TestClient {
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(private readonly port: number) {}

  /** Opens a client. An application that does not listen yet listens on a free port of the loopback interface. */
  static async open(app: INestApplication): Promise<TestClient> {
    const server = app.getHttpServer() as Server;
    if (!server.listening) await app.listen(0, '127.0.0.1');
    const address = (app.getHttpServer() as Server).address() as AddressInfo;
    return new TestClient(address.port);
  }

  /**
   * Sends a request.
   *
   * @throws Error if the connection fails or the response does not end in time
   */
  send({ method, path, query, headers, body }: TestRequest): Promise<TestResponse> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const search = new URLSearchParams(query).toString();
    const sent = {
      ...(text !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
      }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.port,
          agent: this.agent,
          method,
          path: search === '' ? path : `${path}?${search}`,
          headers: sent,
          timeout: TIMEOUT_MS,
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode!, headers: incoming.headers, body: Buffer.concat(chunks) }),
          );
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no response within ${TIMEOUT_MS / 1000} s`)));
      outgoing.on('error', reject);
      outgoing.end(text);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
