import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';

/** Headers that frameworks and proxies read; an application's own tenant header is not among them. */
const COMMON =
  /^(accept.*|access-control-.*|age|authorization|cache-control|connection|content-.*|cookie|date|expect|forwarded|host|if-.*|keep-alive|origin|pragma|prefer|purpose|range|referer|referrer|sec-.*|te|trailer|transfer-encoding|upgrade.*|user-agent|via|x-forwarded-.*|x-real-ip|x-requested-with|x-request-id|x-correlation-id|traceparent|tracestate|baggage|:.*)$/;

/**
 * Records the names of request headers that an application reads, to find the header by which it takes a client's word
 * for a tenant.
 */
export class HeaderRecorder {
  private readonly names = new Set<string>();
  private readonly listener = (request: IncomingMessage): void => this.watch(request);

  constructor(private readonly server: Server) {
    server.prependListener('request', this.listener);
  }

  /** The recorded names, without those that HTTP frameworks read themselves. */
  get own(): readonly string[] {
    return [...this.names].filter((name) => /^[\w-]+$/.test(name) && !COMMON.test(name));
  }

  stop(): void {
    this.server.removeListener('request', this.listener);
  }

  private watch(request: IncomingMessage): void {
    const { names } = this;
    const headers: IncomingHttpHeaders = new Proxy(request.headers, {
      get(target, name) {
        if (typeof name === 'string') names.add(name.toLowerCase());
        return Reflect.get(target, name) as unknown;
      },
    });
    Object.defineProperty(request, 'headers', { value: headers, configurable: true, writable: true });
  }
}
