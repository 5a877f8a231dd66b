import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** A request that takes longer is cut off, so that the process ends before it is killed. */
const PATIENCE_MS = 10_000;

/**
 * Finishes the requests in flight when the application is closed, as on SIGTERM. Closing the server waits for them by itself, but also
 * for connections that clients keep open: each is told to end with its response.
 */
@Injectable()
export class FinishRequests implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly inFlight = new Set<ServerResponse>();
  private isClosing = false;

  constructor(private readonly host: HttpAdapterHost) {}

  onApplicationBootstrap(): void {
    this.server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
      this.inFlight.add(response);
      response.once('close', () => this.inFlight.delete(response));
      if (this.isClosing) endWithConnection(response);
    });
  }

  beforeApplicationShutdown(): void {
    this.isClosing = true;
    for (const response of this.inFlight) endWithConnection(response);
    setTimeout(() => this.server.closeAllConnections(), PATIENCE_MS).unref();
  }

  private get server(): Server {
    return this.host.httpAdapter.getHttpServer() as Server;
  }
}

function endWithConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
