import type { ObjectLiteral, QueryBuilder } from 'typeorm';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { assertBalancedFragment } from '../sql/fragment-validator.js';

/**
 * Checks a condition of a query builder as {@link assertBalancedFragment} does, before TypeORM has put its aliases into quotes. TypeORM replaces an
 * alias of more than 63 characters by a hash, which may begin with a digit and then reads like a number.
 *
 * @returns the text as it was
 * @throws StatementRefusedError as `checkCallerText`
 */
export function checkBuilderText(builder: QueryBuilder<ObjectLiteral>, text: string, where: string): string {
  let readable = text;
  for (const name of digitAliases(builder)) readable = readable.replaceAll(`${name}.`, `_${name}.`);
  assertBalancedFragment(readable, requireEnforcement(builder.dataSource).dialect, where);
  return text;
}

/** The aliases of a builder, and of those that it is a sub-query of, which begin with a digit. */
function digitAliases(builder: QueryBuilder<ObjectLiteral>): string[] {
  const names = builder.expressionMap.aliases.map(({ name }) => name).filter((name) => /^\d/.test(name));
  const { parentQueryBuilder } = builder as unknown as { parentQueryBuilder?: QueryBuilder<ObjectLiteral> };
  return parentQueryBuilder === undefined ? names : [...names, ...digitAliases(parentQueryBuilder)];
}
