import { Injectable } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { EntityManager, QueryRunner } from 'typeorm';
import {
  bindContext,
  currentScope,
  runAsUnitOfWork,
  runWithScope,
  runUnscoped,
  UnscopedSection,
} from './context/tenant-context.js';
import type { EntityKey } from './context/tenant-context.js';
import { runSqlTemplate } from './context/raw-sql-template.js';
import { shareWhile } from './context/shared-transactions.js';
import { undeclaredEntitiesOf } from './metadata/undeclared-entities.js';
import type { UndeclaredEntity } from './metadata/undeclared-entities.js';
import { validateScope } from './context/tenant-scope.js';
import type { TenantScope } from './context/tenant-scope.js';

/** Limits an unscoped section to named entities; every other entity stays under the scope in force. */
export interface UnscopedOptions {
  readonly entities: readonly EntityKey[];
}

/** How `tenancy.forEach` goes over tenants. */
export interface ForEachOptions {
  /** How many tenants at a time; 1 by default. */
  readonly concurrency?: number;
  /** Called after each tenant with how many are done and how many there are. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Which tenant the running code works for. Injectable; a script without Nest makes one with `new Tenancy()`.
 *
 * The scope lives in AsyncLocalStorage: it follows `await`, timers and promises that the code starts, and nothing else.
 *
 * @example
 * constructor(private readonly tenancy: Tenancy) {}
 *
 * async closeOldTickets(organizationId: number) {
 *   await this.tenancy.run({ organizationId }, () => this.tickets.update({ status: 'open' }, { status: 'closed' }));
 * }
 */
@Injectable()
export class Tenancy {
  /** The scope in force; undefined outside any and inside `unscoped`. */
  get current(): TenantScope | undefined {
    return currentScope();
  }

  /**
   * The entities of which nothing says whether their rows belong to a tenant, as the start of the application found them. Code that must
   * not run with such entities can refuse to start.
   *
   * @example
   * const tenancy = app.get(Tenancy);
   * if (tenancy.undeclaredEntities.length > 0) throw new Error('Declare every entity before the release.');
   */
  get undeclaredEntities(): readonly UndeclaredEntity[] {
    return undeclaredEntitiesOf(this);
  }

  /**
   * Runs `fn` with `scope` in force. Lives as long as the asynchronous chain that `fn` starts; a nested run restores the outer one.
   *
   * @param scope exactly the declared keys, each of its declared type
   * @returns what `fn` returns
   * @throws TenantScopeInvalidError when `scope` is anything else
   */
  run<R>(scope: TenantScope, fn: () => R): R {
    return runWithScope(validateScope(scope), fn);
  }

  /**
   * Runs `fn` over all tenants, or, with `entities`, over all tenants for these entities only. The section ends when `fn` returns or its
   * promise settles: what outlives it throws. Inserts must name their tenant.
   *
   * @param why for the reader of the code, and of errors
   * @returns what `fn` returns
   * @example
   * await tenancy.unscoped('signing in', () => users.findOneBy({ email }));
   * await tenancy.unscoped('signing in', { entities: [User] }, () => users.findOneBy({ email }));
   */
  unscoped<R>(why: string, fn: () => R): R;
  unscoped<R>(why: string, options: UnscopedOptions, fn: () => R): R;
  unscoped<R>(why: string, fnOrOptions: UnscopedOptions | (() => R), maybeFn?: () => R): R {
    if (typeof fnOrOptions === 'function') return runUnscoped(new UnscopedSection(assertReason(why)), fnOrOptions);
    if (maybeFn === undefined) throw new TypeError("tenancy.unscoped('why', options, fn) needs a function to run.");
    return runUnscoped(new UnscopedSection(assertReason(why), new Set(fnOrOptions.entities)), maybeFn);
  }

  /**
   * Runs `fn` once for each scope, each as a unit of work of its own. Stops starting new ones at the first failure.
   *
   * @param scopes the tenants, in order
   * @returns what `fn` gave for each scope, in the order of `scopes`
   * @example
   * await tenancy.forEach(scopes, (scope) => reports.sendFor(scope), { concurrency: 4 });
   */
  async forEach<S extends TenantScope, R>(
    scopes: Iterable<S>,
    fn: (scope: S) => Promise<R> | R,
    options: ForEachOptions = {},
  ): Promise<R[]> {
    const all = [...scopes];
    const concurrency = options.concurrency ?? 1;
    if (!Number.isInteger(concurrency) || concurrency < 1)
      throw new RangeError('concurrency must be a whole number from 1.');
    const checked = all.map((scope) => validateScope(scope));
    const results: R[] = [];
    let next = 0;
    let done = 0;
    let failed = false;
    const work = async (): Promise<void> => {
      while (next < all.length && !failed) {
        const index = next++;
        try {
          results[index] = await runAsUnitOfWork(checked[index], async () => await fn(all[index]));
        } catch (error) {
          failed = true;
          throw error;
        }
        options.onProgress?.(++done, all.length);
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: Math.min(concurrency, all.length) }, work));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    return results;
  }

  /**
   * Lets one transaction serve several tenants while `fn` runs: for tests that are rolled back. Everywhere else a transaction belongs to one
   * scope. Each statement is limited to the scope that it is made in, as ever. Each call is logged as a warning.
   *
   * @param queryRunner the one whose transaction is open
   * @param why for the reader of the code and of the log
   * @returns what `fn` returns
   * @throws TypeError if no transaction is open, it is shared already, or `why` is empty
   * @example
   * await tenancy.shareTransaction(queryRunner, 'a test that is rolled back', async () => {
   *   await tenancy.run({ organizationId: 1 }, () => queryRunner.manager.insert(Ticket, { subject: 'Late' }));
   *   await tenancy.run({ organizationId: 2 }, () => queryRunner.manager.find(Ticket)); // []
   * });
   */
  shareTransaction<R>(queryRunner: QueryRunner, why: string, fn: () => R): R {
    return shareWhile(
      queryRunner,
      assertReason(why, "shareTransaction(queryRunner, 'a test that is rolled back', …)"),
      fn,
    );
  }

  /**
   * Carries what is in force now into a later call of `fn`: for an event emitter, a queue or a callback that another request may trigger.
   * Of an Observable: into all that follows from its values, for a stream of events that other requests set off.
   *
   * @returns a function that runs `fn` under what was in force when `bind` was called; an Observable whose values come so
   * @example
   * emitter.on('shipped', tenancy.bind((order) => this.notify(order)));
   * return this.tenancy.bind(this.changes).pipe(concatMap(() => this.tickets.find()));
   */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R;
  bind<T>(source: Observable<T>): Observable<T>;
  bind(given: ((...args: unknown[]) => unknown) | Observable<unknown>): unknown {
    if (typeof given === 'function') return bindContext(given);
    const inFrame = bindContext((fn: () => void) => fn());
    return new Observable((subscriber) =>
      given.subscribe({
        next: (value) => inFrame(() => subscriber.next(value)),
        error: (error) => inFrame(() => subscriber.error(error)),
        complete: () => inFrame(() => subscriber.complete()),
      }),
    );
  }

  /**
   * Runs a report that is written by hand, within the scope: `table(Entity, 'alias')` stands for the rows that the scope sees, and a
   * scoped table that is named in any other way is refused. Values become parameters. It only reads.
   *
   * @param manager the EntityManager to run on; a transaction's own one inside a transaction
   * @returns a template tag that gives the rows
   * @throws StatementRefusedError when a scoped table is named by hand, or the statement writes
   * @example
   * const rows = await tenancy.sql(dataSource.manager)`
   *   SELECT t.status, count(*) AS n FROM ${table(SupportTicket, 't')} WHERE t.priority = ${priority} GROUP BY t.status`;
   */
  sql(manager: EntityManager): (texts: TemplateStringsArray, ...values: unknown[]) => Promise<unknown[]> {
    return (texts, ...values) => runSqlTemplate({ manager, texts, values });
  }
}

/** A reason is what a reviewer reads; an empty one is a missing one. */
export function assertReason(why: string, call = "unscoped('loads the signed-in user', …)"): string {
  if (typeof why !== 'string' || why.trim() === '') throw new TypeError(`Say why: ${call}.`);
  return why;
}
