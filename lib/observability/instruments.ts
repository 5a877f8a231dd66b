import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import type { PoolStatistics } from '../orm/execution/pool-statistics.js';

/** The buckets that OpenTelemetry's conventions advise for durations in seconds. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** The metrics of an application. Tenants are no attribute: each would be a time series of its own. */
export class Instruments {
  readonly requestDuration: Histogram;
  readonly statementDuration: Histogram;
  readonly connectionWait: Histogram;
  readonly plans: Counter;
  readonly refusals: Counter;

  /** @param pools returns the state of the connection pools */
  constructor(meter: Meter, pools: () => readonly PoolStatistics[]) {
    const seconds = { unit: 's', advice: { explicitBucketBoundaries: SECONDS } };
    this.requestDuration = meter.createHistogram('muck.request.duration', {
      ...seconds,
      description: 'Duration of requests, from the interceptor to the response',
    });
    this.statementDuration = meter.createHistogram('db.client.operation.duration', {
      ...seconds,
      description: 'Duration of statements, without the wait for a connection',
    });
    this.connectionWait = meter.createHistogram('db.client.connection.wait_time', {
      ...seconds,
      description: 'Time until a statement had a connection',
    });
    this.plans = meter.createCounter('muck.plan_cache.lookups', {
      description: 'Lists and reads by whether their statement was compiled already',
    });
    this.refusals = meter.createCounter('muck.refusals', {
      description: 'Statements and requests that were refused to keep them within their tenant',
    });
    observePools(meter, pools);
  }
}

function observePools(meter: Meter, pools: () => readonly PoolStatistics[]): void {
  const count = meter.createObservableUpDownCounter('db.client.connection.count', {
    description: 'Connections of the pool by state',
  });
  const max = meter.createObservableUpDownCounter('db.client.connection.max', {
    description: 'Maximum number of connections of the pool',
  });
  const pending = meter.createObservableUpDownCounter('db.client.connection.pending_requests', {
    description: 'Statements and transactions that wait for a connection',
  });
  meter.addBatchObservableCallback(
    (result) => {
      for (const { name, total, idle, waiting, max: limit } of pools()) {
        const pool = { 'db.client.connection.pool.name': name };
        result.observe(count, idle, { ...pool, 'db.client.connection.state': 'idle' });
        result.observe(count, total - idle, { ...pool, 'db.client.connection.state': 'used' });
        result.observe(max, limit, pool);
        result.observe(pending, waiting, pool);
      }
    },
    [count, max, pending],
  );
}
