import { AsyncResource } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { QueryRunner } from 'typeorm';
import { TenantScopeViolationError } from '../exceptions/tenant-scope-violation.error.js';
import { currentFrame, runOutside } from '../tenancy/scope-frame.js';
import { asUniqueConflict } from './driver-errors.js';
import type { Enforcement, IssuedStatement } from './enforcement.js';
import { requireReferences } from './visible-rows.js';

const guarded = new WeakSet<QueryRunner>();

/**
 * Puts a gate in front of a query runner, through which every statement of TypeORM and of the application goes. What a query builder
 * issued in the situation that is in force passes unread; everything else is read, and refused where it touches rows of tenants.
 */
export function guardRunner(runner: QueryRunner, enforcement: Enforcement): void {
  if (guarded.has(runner)) return;
  guarded.add(runner);
  const query = runner.query.bind(runner) as (sql: string, parameters?: unknown[], structured?: boolean) => Promise<unknown>;
  const stream = runner.stream.bind(runner);
  const connect = runner.connect.bind(runner);
  const startTransaction = runner.startTransaction.bind(runner);
  let transactionOf: string | undefined;

  const admit = (sql: string, parameters: unknown): IssuedStatement | undefined => {
    const scope = currentFrame()?.scope?.fingerprint;
    if (runner.isTransactionActive && scope !== undefined) {
      transactionOf ??= scope;
      if (transactionOf !== scope) {
        throw new TenantScopeViolationError('a transaction of one tenant goes on in the scope of another. Use one transaction per scope');
      }
    }
    const issued = enforcement.issuedAs(sql, parameters);
    if (issued === undefined) enforcement.audit.checkRaw(sql);
    return issued;
  };

  runner.query = ((sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> => {
    let issued: IssuedStatement | undefined;
    try {
      issued = admit(sql, parameters);
    } catch (error) {
      return Promise.reject(error);
    }
    // Reads, and writes that name no other row, go straight on.
    if (issued === undefined || issued.writes.length === 0) return query(sql, parameters, structured);
    return write(issued, () => query(sql, parameters, structured));
  }) as QueryRunner['query'];

  const write = async (issued: IssuedStatement, send: () => Promise<unknown>): Promise<unknown> => {
    if (issued.lookups.length > 0) await requireReferences(issued.lookups, runner);
    try {
      return await send();
    } catch (error) {
      throw asUniqueConflict(error, issued.writes) ?? error;
    }
  };

  runner.stream = async (sql, parameters, onEnd, onError) => {
    admit(sql, parameters);
    const readable = await stream(sql, parameters, onEnd, onError);
    // Events of a stream come from the socket, in the context of whoever opened the connection: give them the one of whoever reads.
    const emitter: EventEmitter = readable;
    emitter.emit = AsyncResource.bind(emitter.emit.bind(emitter));
    return readable;
  };

  // A pooled connection outlives the request that opens it, and its events must not carry that request's tenant.
  runner.connect = () => runOutside(connect) as Promise<never>;

  runner.startTransaction = (isolationLevel) => {
    if (!runner.isTransactionActive) transactionOf = currentFrame()?.scope?.fingerprint;
    return startTransaction(isolationLevel);
  };
}
