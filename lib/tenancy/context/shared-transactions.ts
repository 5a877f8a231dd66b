import { Logger } from '@nestjs/common';
import type { QueryRunner } from 'typeorm';
import { isPromiseLike } from '../../common/is-promise-like.js';

/** Query runners whose transaction several scopes may use now. */
const shared = new WeakSet<QueryRunner>();

/** Returns true if several scopes may use the transaction of a query runner now. */
export function isShared(queryRunner: QueryRunner): boolean {
  return shared.has(queryRunner);
}

/**
 * Lets several scopes use the open transaction of a query runner while `fn` runs.
 *
 * @param why logged as a warning
 * @throws TypeError if no transaction is open, or it is shared already
 */
export function shareWhile<R>(queryRunner: QueryRunner, why: string, fn: () => R): R {
  if (!queryRunner.isTransactionActive)
    throw new TypeError('tenancy.shareTransaction needs a query runner with an open transaction: startTransaction().');
  if (shared.has(queryRunner)) throw new TypeError('The transaction of this query runner is shared already.');
  new Logger('Tenancy').warn(`One transaction serves several tenants: ${why}`);
  shared.add(queryRunner);
  let isPending = false;
  try {
    const result = fn();
    if (!isPromiseLike(result)) return result;
    isPending = true;
    const end = (): void => void shared.delete(queryRunner);
    return result.then(
      (value) => (end(), value),
      (error: unknown) => {
        end();
        throw error;
      },
    ) as R;
  } finally {
    if (!isPending) shared.delete(queryRunner);
  }
}
