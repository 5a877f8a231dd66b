import { Injectable } from '@nestjs/common';
import { Tenancy, type TenantScope } from 'nestjs-muck';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from 'typeorm';

/** A statement that a request sent to the database. */
export interface SentStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** The tenant for which it was sent; null while it is being found out who asks. */
  readonly scope: TenantScope | null;
}

/** As many requests are remembered. */
const REQUESTS = 500;
/** As many statements of each. */
const STATEMENTS = 50;

const running = new AsyncLocalStorage<SentStatement[]>();
const tenancy = new Tenancy();

/**
 * Remembers the statements of requests that ask for it, to show them: the page puts what was sent beside what came back. It keeps
 * them in memory, under a key that only their own sender knows. An application in production has no such thing.
 */
@Injectable()
export class StatementLog {
  private readonly requests = new Map<string, SentStatement[]>();

  /** Runs `work` as the request with this key. */
  run<R>(key: string, work: () => R): R {
    const statements: SentStatement[] = [];
    this.requests.set(key, statements);
    if (this.requests.size > REQUESTS) this.requests.delete(this.requests.keys().next().value!);
    return running.run(statements, work);
  }

  /** @returns undefined if there was no request with this key, or it is long past */
  of(key: string): readonly SentStatement[] | undefined {
    return this.requests.get(key);
  }
}

/** The logger of the DataSource: it notes each statement for the request that sends it, and is silent otherwise. */
export const statementLogger: Logger = {
  logQuery(sql, parameters) {
    const statements = running.getStore();
    if (statements === undefined || statements.length >= STATEMENTS) return;
    statements.push({ sql, parameters: Array.isArray(parameters) ? parameters : [], scope: tenancy.current ?? null });
  },
  logQueryError() {},
  logQuerySlow() {},
  logSchemaBuild() {},
  logMigration() {},
  log() {},
};
