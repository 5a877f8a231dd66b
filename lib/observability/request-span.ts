import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { ExecutionContext } from '@nestjs/common';
import { describeFailure } from './failure-description.js';
import type { Instruments } from './instruments.js';
import type { Api } from './providers.js';
import { describeRequest, tenantOf } from './request-description.js';

/** The span and the metrics of one request. */
export class RequestSpan {
  private readonly start = performance.now();
  private readonly attributes: Record<string, string>;
  private readonly name: string;
  private readonly parent: Span | undefined;
  private readonly span: Span | undefined;
  private readonly active: Context;
  private hasEnded = false;

  constructor(
    private readonly api: Api,
    tracer: Tracer | undefined,
    private readonly instruments: Instruments | undefined,
    private readonly context: ExecutionContext,
  ) {
    const { method, route } = describeRequest(context);
    this.attributes = { 'http.request.method': method, 'http.route': route };
    this.name = `${method} ${route}`;
    this.parent = api.trace.getActiveSpan();
    this.span = tracer?.startSpan(this.name, {
      attributes: {
        ...this.attributes,
        'code.function.name': `${context.getClass().name}.${context.getHandler().name}`,
      },
    });
    const active = api.context.active();
    this.active = this.span === undefined ? active : api.trace.setSpan(active, this.span);
  }

  /** Runs a part of the request with the span as the active one. */
  run<R>(fn: () => R): R {
    return this.api.context.with(this.active, fn);
  }

  end(status: number, error: unknown): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    const tenant = Object.fromEntries(
      Object.entries(tenantOf(this.context) ?? {}).map(([key, value]) => [`muck.tenant.${key}`, value]),
    );
    // The server's own span is where traces are searched by tenant.
    this.parent?.setAttributes(tenant);
    const outcome = {
      'http.response.status_code': status,
      ...(error !== undefined && { 'error.type': describeFailure(error).error }),
    };
    this.span?.setAttributes({ ...tenant, ...outcome });
    if (status >= 500) this.span?.setStatus({ code: this.api.SpanStatusCode.ERROR });
    this.span?.end();
    this.instruments?.requestDuration.record((performance.now() - this.start) / 1000, {
      ...this.attributes,
      ...outcome,
    });
  }
}
