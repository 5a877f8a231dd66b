import { Injectable } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { EntityManager, QueryRunner } from 'typeorm';
import { bindContext, currentScope, runAsUnitOfWork, runWithScope, runUnscoped } from './context/tenant-context.js';
import { UnscopedSection } from './context/unscoped-section.js';
import type { EntityRef } from './context/entity-ref.js';
import { runSqlTemplate } from './context/sql-template.js';
import { shareWhile } from './context/shared-transactions.js';
import { undeclaredEntitiesOf } from './metadata/undeclared-entities.js';
import type { UndeclaredEntity } from './metadata/undeclared-entities.js';
import { validateScope } from './context/tenant-scope.js';
import type { TenantScope } from './context/tenant-scope.js';

/** Limits an unscoped section to some entities; all other entities stay in the current scope. */
export interface UnscopedOptions {
  readonly entities: readonly EntityRef[];
}

/** Options of `tenancy.forEach`. */
export interface ForEachOptions {
  /** Number of tenants that run at the same time. Default: 1. */
  readonly concurrency?: number;
  /** Called after each tenant with the number of finished tenants and the total. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Service that reads and sets the tenant of the running code. Injectable; a script without Nest creates it with
 * `new Tenancy()`.
 *
 * The scope is stored in AsyncLocalStorage. It follows only `await`, timers and promises that the code starts. For
 * other callbacks see {@link Tenancy.bind}.
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
  /** The current scope; undefined outside of any scope and in an unscoped section for every entity. */
  get current(): TenantScope | undefined {
    return currentScope();
  }

  /**
   * Entities that are declared neither tenant-scoped nor shared, as found at startup. Code that must not run with such
   * entities can refuse to start.
   *
   * @example
   * const tenancy = app.get(Tenancy);
   * if (tenancy.undeclaredEntities.length > 0) throw new Error('Declare every entity before the release.');
   */
  get undeclaredEntities(): readonly UndeclaredEntity[] {
    return undeclaredEntitiesOf(this);
  }

  /**
   * Runs `fn` in `scope`, for as long as the asynchronous chain that `fn` starts. After a nested run, the outer scope
   * applies again.
   *
   * @param scope exactly the declared keys, each of its declared type
   * @param fn function to run
   * @returns the result of `fn`
   * @throws TenantScopeInvalidError if `scope` is anything else
   * @example
   * await tenancy.run({ organizationId: 7 }, () => tickets.find());
   */
  run<R>(scope: TenantScope, fn: () => R): R {
    return runWithScope(validateScope(scope), fn);
  }

  /**
   * Runs `fn` over all tenants. The unscoped section ends when `fn` returns or its promise settles: code that outlives
   * it throws. Inserts must set their tenant columns.
   *
   * @param why reason, for readers of the code and of errors
   * @param fn function to run
   * @returns the result of `fn`
   * @throws TypeError if `why` is empty
   * @example
   * await tenancy.unscoped('signing in', () => users.findOneBy({ email }));
   */
  unscoped<R>(why: string, fn: () => R): R;
  /**
   * Runs `fn` over all tenants for some entities only; all other entities stay in the current scope.
   *
   * @param why reason, for readers of the code and of errors
   * @param options `entities` lists the entities that are unscoped
   * @param fn function to run
   * @returns the result of `fn`
   * @throws TypeError if `why` is empty or `fn` is missing
   * @example
   * await tenancy.unscoped('signing in', { entities: [User] }, () => users.findOneBy({ email }));
   */
  unscoped<R>(why: string, options: UnscopedOptions, fn: () => R): R;
  unscoped<R>(why: string, fnOrOptions: UnscopedOptions | (() => R), maybeFn?: () => R): R {
    if (typeof fnOrOptions === 'function') return runUnscoped(new UnscopedSection(assertReason(why)), fnOrOptions);
    if (maybeFn === undefined) throw new TypeError("tenancy.unscoped('why', options, fn) needs a function to run.");
    return runUnscoped(new UnscopedSection(assertReason(why), new Set(fnOrOptions.entities)), maybeFn);
  }

  /**
   * Runs `fn` once for each scope, each time as a unit of work of its own. Starts no further calls after the first
   * failure.
   *
   * @param scopes scopes of the tenants, in order
   * @param fn function to run
   * @param options `concurrency` and `onProgress`
   * @returns the results of `fn`, in the order of `scopes`
   * @throws the error of a failed call, after all running calls have ended
   * @throws TenantScopeInvalidError if a scope is not valid
   * @throws RangeError if `concurrency` is not a positive integer
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
   * Lets several tenants use one transaction while `fn` runs, for tests that are rolled back. Everywhere else, a
   * transaction belongs to one scope.
   *
   * Each statement is still limited to the scope in which it runs. Each call is logged as a warning.
   *
   * @param queryRunner the query runner with the open transaction
   * @param why reason, for readers of the code and of the log
   * @param fn function to run
   * @returns the result of `fn`
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
   * Binds `fn` to the current context, for an event emitter, a queue or a callback that another request may trigger.
   *
   * @param fn function to bind
   * @returns a function that runs `fn` in the context in which `bind` was called
   * @example
   * emitter.on('shipped', tenancy.bind((order) => this.notify(order)));
   */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R;
  /**
   * Binds an Observable to the current context, for a stream of events that other requests emit. Operators on the
   * result run in that context.
   *
   * @param source Observable to bind
   * @returns an Observable that emits in the context in which `bind` was called
   * @example
   * return this.tenancy.bind(this.changes).pipe(concatMap(() => this.tickets.find()));
   */
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
   * Runs a read-only raw SQL query in the current scope. `table(Entity, 'alias')` becomes the entity's rows that the
   * scope sees. Values become bind parameters. A tenant-scoped table that is named in any other way is refused.
   *
   * @param manager EntityManager to run on; inside a transaction, the transaction's own
   * @returns a template tag that returns the rows
   * @throws StatementRefusedError if the query names a tenant-scoped table directly, or writes
   * @example
   * const rows = await tenancy.sql(dataSource.manager)`
   *   SELECT t.status, count(*) AS n FROM ${table(SupportTicket, 't')}
   *   WHERE t.priority = ${priority} GROUP BY t.status`;
   */
  sql(manager: EntityManager): (texts: TemplateStringsArray, ...values: unknown[]) => Promise<unknown[]> {
    return (texts, ...values) => runSqlTemplate({ manager, texts, values });
  }
}

/**
 * Returns a reason, which reviewers read.
 *
 * @throws TypeError if the reason is empty
 */
export function assertReason(why: string, call = "unscoped('loads the signed-in user', …)"): string {
  if (typeof why !== 'string' || why.trim() === '') throw new TypeError(`Say why: ${call}.`);
  return why;
}
