import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import type { HealthIndicatorResult } from '@nestjs/terminus';
import { ObservedDataSources } from '../observability/observed-data-sources.js';
import type { Enforcement } from '../orm/enforcement/enforcement.js';
import { poolStatistics } from '../orm/execution/pool-statistics.js';
import { runWithoutContext } from '../tenancy/context/tenant-context.js';

/** Options of a health check. */
export interface MuckHealthOptions {
  /** How long a database may take to respond, the wait for a connection included, in milliseconds. Default: 1000. */
  readonly timeout?: number;
}

/** The state of a pool of connections. */
export interface PoolHealth {
  /** How many connections are open. */
  readonly total: number;
  /** How many of them are free. */
  readonly idle: number;
  /** How many statements and transactions wait for one. */
  readonly waiting: number;
  /** The maximum of `total`. */
  readonly max: number;
}

/** What a health check tells. It names no tenant, table or host, because such endpoints are often public. */
export interface MuckHealth {
  /** The pools of all DataSources. */
  readonly pools: readonly PoolHealth[];
  /** Why the check failed. */
  readonly reason?: 'unreachable' | 'timeout' | 'isolation';
  /** The code of the database or of the system if it is unreachable. */
  readonly code?: string;
  /** The methods of TypeORM that other code has replaced, and tenant isolation with them. */
  readonly replaced?: readonly string[];
}

/**
 * Health indicator for `@nestjs/terminus`: each DataSource with declared entities responds, and its tenant isolation is
 * still in effect. For readiness; a pool that is in use is no reason to restart the application.
 *
 * @example
 * @Controller('health')
 * export class HealthController {
 *   constructor(
 *     private readonly health: HealthCheckService,
 *     private readonly muck: MuckHealthIndicator,
 *   ) {}
 *
 *   @Get()
 *   @HealthCheck()
 *   check() {
 *     return this.health.check([() => this.muck.check('database')]);
 *   }
 * }
 */
@Injectable()
export class MuckHealthIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly dataSources: ObservedDataSources,
  ) {}

  /**
   * Checks every DataSource of the application.
   *
   * @param key the name of the check in the response
   * @param options how long a database may take
   * @returns `up` with the state of the pools, or `down` with the reason; it does not throw
   */
  async check<const Key extends string>(
    key: Key,
    { timeout = 1000 }: MuckHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const indicator = this.indicators.check(key);
    const enforcements = this.dataSources.all();
    const problems = await Promise.all(enforcements.map((enforcement) => problemOf(enforcement, timeout)));
    const pools = enforcements.flatMap(({ dataSource }) =>
      poolStatistics(dataSource).map(({ total, idle, waiting, max }) => ({ total, idle, waiting, max })),
    );
    const problem = problems.find((found) => found !== undefined);
    return problem === undefined ? indicator.up({ pools }) : indicator.down({ ...problem, pools });
  }
}

type Problem = Omit<MuckHealth, 'pools'>;

async function problemOf(enforcement: Enforcement, timeout: number): Promise<Problem | undefined> {
  const replaced = enforcement.findOverwrittenPatches();
  if (replaced.length > 0) return { reason: 'isolation', replaced };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Problem>((resolve) => {
    timer = setTimeout(() => resolve({ reason: 'timeout' }), timeout);
  });
  try {
    return await Promise.race([ping(enforcement), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends a statement that reads no table. It does not fail, so that nothing is left to handle after a timeout. */
async function ping({ dataSource }: Enforcement): Promise<Problem | undefined> {
  try {
    await runWithoutContext(() => dataSource.query('SELECT 1'));
    return undefined;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return { reason: 'unreachable', ...(typeof code === 'string' && { code }) };
  }
}
