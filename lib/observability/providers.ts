import type * as OpenTelemetry from '@opentelemetry/api';
import type { ProxyTracerProvider, Tracer } from '@opentelemetry/api';
import type { PoolStatistics } from '../orm/execution/pool-statistics.js';
import { Instruments } from './instruments.js';

/** The API package, loaded only if the application has installed it. */
export type Api = typeof OpenTelemetry;

/** The name under which spans and metrics are recorded. */
const SCOPE = 'nestjs-muck';

/** The providers that the application has registered, at whatever time. */
export class Providers {
  private delegate: unknown;
  private delegateTracer: Tracer | undefined;
  private meterProvider: unknown;
  private known: Instruments | undefined;

  /** @param pools returns the state of the connection pools */
  constructor(
    readonly api: Api,
    private readonly pools: () => readonly PoolStatistics[],
  ) {}

  /** Returns the tracer; undefined while no provider is registered. Called for every request and statement. */
  tracer(): Tracer | undefined {
    const provider = this.api.trace.getTracerProvider() as ProxyTracerProvider;
    const delegate = provider.getDelegate();
    if (delegate !== this.delegate) {
      this.delegate = delegate;
      this.delegateTracer = provider.getDelegateTracer(SCOPE);
    }
    return this.delegateTracer;
  }

  /** Returns the metrics; undefined while no provider is registered. */
  instruments(): Instruments | undefined {
    const { metrics, createNoopMeter } = this.api;
    const provider = metrics.getMeterProvider();
    if (provider !== this.meterProvider) {
      this.meterProvider = provider;
      const meter = provider.getMeter(SCOPE);
      this.known = meter === createNoopMeter() ? undefined : new Instruments(meter, this.pools);
    }
    return this.known;
  }
}
