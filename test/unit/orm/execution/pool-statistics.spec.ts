import { expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { nameOf, poolStatistics } from '../../../../lib/orm/execution/pool-statistics.js';

const postgresPool = (totalCount: number, idleCount: number, waitingCount: number, max: number): object => ({
  totalCount,
  idleCount,
  waitingCount,
  options: { max },
});
const mysqlPool = (all: number, free: number, queue: number, connectionLimit: number): object => ({
  config: { connectionLimit },
  _allConnections: { length: all },
  _freeConnections: { length: free },
  _connectionQueue: { length: queue },
});

const dataSourceOf = (driver: object, type = 'postgres'): DataSource => ({ driver, options: { type } }) as never;

it('tells the state of a pool of PostgreSQL', () => {
  const dataSource = dataSourceOf({ database: 'desk', master: postgresPool(0, 3, 2, 10) });
  expect(poolStatistics(dataSource)).toStrictEqual([{ name: 'desk', total: 0, idle: 3, waiting: 2, max: 10 }]);
});

it('tells the state of a pool of MySQL', () => {
  const dataSource = dataSourceOf({ database: 'desk', pool: mysqlPool(0, 1, 4, 7) });
  expect(poolStatistics(dataSource)).toStrictEqual([{ name: 'desk', total: 0, idle: 1, waiting: 4, max: 7 }]);
});

it('numbers the pools of replicas', () => {
  const slaves = [postgresPool(2, 1, 0, 5), undefined, mysqlPool(3, 1, 0, 6)];
  const dataSource = dataSourceOf({ database: 'desk', master: postgresPool(1, 1, 0, 4), slaves });
  expect(poolStatistics(dataSource)).toStrictEqual([
    { name: 'desk', total: 1, idle: 1, waiting: 0, max: 4 },
    { name: 'desk replica 1', total: 2, idle: 1, waiting: 0, max: 5 },
    { name: 'desk replica 3', total: 3, idle: 1, waiting: 0, max: 6 },
  ]);
});

it.each<[string, object]>([
  ['no pool', {}],
  ['a pool that is closed', { master: undefined, slaves: [] }],
  ['a pool of another kind', { pool: { size: 3 } }],
  ['a pool without its inner lists', { pool: { _allConnections: {}, config: { connectionLimit: 3 } } }],
])('tells nothing of a driver with %s', (_case, driver) => {
  expect(poolStatistics(dataSourceOf({ database: 'desk', ...driver }))).toStrictEqual([]);
});

it('names a DataSource without a database after its type', () => {
  expect(nameOf(dataSourceOf({}, 'sqljs'))).toBe('sqljs');
  expect(nameOf(dataSourceOf({ database: 'desk' }, 'mysql'))).toBe('desk');
});
