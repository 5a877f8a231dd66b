import type { DataSource } from 'typeorm';

/** The state of a pool of connections. */
export interface PoolStatistics {
  /** The name of the database, and the number of the replica if it has replicas. */
  readonly name: string;
  /** How many connections are open. */
  readonly total: number;
  /** How many of them are free. */
  readonly idle: number;
  /** How many statements and transactions wait for one. */
  readonly waiting: number;
  /** The maximum of `total`. */
  readonly max: number;
}

/** The members of a pool of `pg` that are read. */
interface PostgresPool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max: number };
}

/** The members of a pool of `mysql2` that are read; none of them is documented. */
interface MysqlPool {
  readonly config: { readonly connectionLimit: number };
  readonly _allConnections: { readonly length: number };
  readonly _freeConnections: { readonly length: number };
  readonly _connectionQueue: { readonly length: number };
}

/** The pools of TypeORM's drivers. */
interface Pools {
  readonly master?: unknown;
  readonly slaves?: readonly unknown[];
  readonly pool?: unknown;
}

/** Returns the name of a DataSource's pool: that of its database. */
export function nameOf({ driver, options }: DataSource): string {
  return driver.database ?? options.type;
}

/** Returns the state of each pool of a DataSource; empty if its driver has none, or one of another kind. */
export function poolStatistics(dataSource: DataSource): PoolStatistics[] {
  const { master, slaves = [], pool } = dataSource.driver as Pools;
  const name = nameOf(dataSource);
  return [master ?? pool, ...slaves].flatMap((one, index) => {
    const named = index === 0 ? name : `${name} replica ${index}`;
    if (isPostgresPool(one)) {
      const { totalCount, idleCount, waitingCount, options } = one;
      return [{ name: named, total: totalCount, idle: idleCount, waiting: waitingCount, max: options.max }];
    }
    if (!isMysqlPool(one)) return [];
    const { config, _allConnections: all, _freeConnections: free, _connectionQueue: queue } = one;
    return [{ name: named, total: all.length, idle: free.length, waiting: queue.length, max: config.connectionLimit }];
  });
}

function isPostgresPool(pool: unknown): pool is PostgresPool {
  return typeof (pool as Partial<PostgresPool> | undefined)?.totalCount === 'number';
}

function isMysqlPool(pool: unknown): pool is MysqlPool {
  return typeof (pool as Partial<MysqlPool> | undefined)?._allConnections?.length === 'number';
}
