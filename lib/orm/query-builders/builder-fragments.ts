import type { ObjectLiteral, QueryBuilder } from 'typeorm';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { assertBalancedFragment } from '../sql/fragment-validator.js';

/**
 * Checks a condition of a query builder with {@link assertBalancedFragment}, before TypeORM has quoted its aliases.
 * TypeORM replaces an alias of more than 63 characters by a hash. If the hash begins with a digit, the tokenizer would
 * read a number.
 *
 * @returns the text unchanged
 * @throws StatementRefusedError as `assertBalancedFragment`
 */
export function checkBuilderText(builder: QueryBuilder<ObjectLiteral>, text: string, where: string): string {
  let readable = text;
  for (const name of digitAliases(builder)) readable = readable.replaceAll(`${name}.`, `_${name}.`);
  assertBalancedFragment(readable, requireEnforcement(builder.dataSource).dialect, where);
  return text;
}

/** Returns the aliases of a builder and of its parent builders that begin with a digit. */
function digitAliases(builder: QueryBuilder<ObjectLiteral>): string[] {
  const names = builder.expressionMap.aliases.map(({ name }) => name).filter((name) => /^\d/.test(name));
  const { parentQueryBuilder } = builder as unknown as { parentQueryBuilder?: QueryBuilder<ObjectLiteral> };
  return parentQueryBuilder === undefined ? names : [...names, ...digitAliases(parentQueryBuilder)];
}
