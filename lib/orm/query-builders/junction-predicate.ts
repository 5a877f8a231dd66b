import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';

/** TypeORM's description of a join. */
type Join = SelectQueryBuilder<ObjectLiteral>['expressionMap']['joinAttributes'][number];

/**
 * Adds the junction table's predicate to a many-to-many join, so that its rows connect to visible rows of the far side.
 * The near side has its predicate already. TypeORM has no option for such a condition, so it is inserted after the
 * beginning of the clause, which must be as expected.
 *
 * @param text the rendered join
 */
export function withJunctionPredicate(join: Join, text: string, policies: PolicyRegistry): string {
  const junction = join.relation?.junctionEntityMetadata;
  if (junction === undefined) return text;
  const alias = policies.driver.escape(join.junctionAlias);
  const predicate = policies.predicateFor(junction, alias);
  if (predicate === '') return text;
  const beginning = ` ${join.direction} JOIN ${policies.table(junction)} ${alias} ON `;
  if (!text.startsWith(beginning)) {
    throw new StatementRefusedError(
      `the join of ${junction.tablePath} is not at the expected position`,
      'Report this with the TypeORM version.',
    );
  }
  return `${beginning}${predicate} AND ${text.slice(beginning.length)}`;
}
