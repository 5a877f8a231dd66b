import type { ObjectLiteral, QueryBuilder } from 'typeorm';
import type { WhereClause } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { withOwnDiscriminators } from './discriminator-condition.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import type { Enforcement } from '../enforcement/enforcement.js';
import { buildStatement } from '../writes/statement-context.js';
import { assertBalancedFragment } from '../sql/fragment-validator.js';
import { checkBuilderText } from './builder-fragments.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import type { BuilderRegistry } from '../enforcement/builder-registry.js';

// TypeScript requires exactly this type of a mixin's constructor.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type BuilderConstructor = abstract new (...args: any[]) => QueryBuilder<ObjectLiteral>;

/** Methods that convert a builder to another kind. */
const CONVERSIONS = {
  select: 'select',
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  softDelete: 'softDelete',
  restore: 'softDelete',
  relation: 'relation',
} as const satisfies Record<string, keyof BuilderRegistry>;

/**
 * Adds the tenant predicates to a query builder of TypeORM. The builder stores no scope: the current scope is read each
 * time the text is built. A builder that is cloned, or created in one scope and run in another, uses the scope that it
 * runs in.
 *
 * The result has the type of `Base`, because only overrides are added.
 */
export function ScopedBuilder<B extends BuilderConstructor>(Base: B): B {
  abstract class Scoped extends Base {
    override getQueryAndParameters(): [string, unknown[]] {
      return buildStatement(() => super.getQueryAndParameters());
    }

    /**
     * A subquery's text is inserted into another statement, so it must keep named parameters: its own positional
     * placeholders would refer to other values there.
     */
    override getSql(): string {
      return this.parentQueryBuilder === undefined ? super.getSql() : this.getQuery();
    }

    /**
     * Puts the predicates first: a database that evaluates conditions in order then filters by tenant before it
     * computes with the row's values. Otherwise an error could reveal values of other tenants.
     */
    protected override createWhereExpression(): string {
      const conditions = this.tenantPredicates();
      const made = super.createWhereExpression();
      const mainAlias = this.expressionMap.mainAlias!;
      const text = mainAlias.hasMetadata ? withOwnDiscriminators(made, mainAlias.metadata) : made;
      if (conditions.length === 0) return text;
      if (text !== '') {
        if (!text.startsWith(' WHERE '))
          throw new StatementRefusedError('its text has SQL before the conditions', 'Remove it.');
        conditions.push(this.checked(text.slice(' WHERE '.length)));
      }
      return ` WHERE ${conditions.length === 1 ? conditions[0] : conditions.map((one) => `( ${one} )`).join(' AND ')}`;
    }

    protected override createWhereClausesExpression(clauses: WhereClause[]): string {
      return this.checked(super.createWhereClausesExpression(clauses));
    }

    protected override createReturningExpression(type: 'insert' | 'update' | 'delete'): string {
      return assertBalancedFragment(
        super.createReturningExpression(type),
        this.enforcement().dialect,
        'a returning clause',
      );
    }

    protected override createComment(): string {
      const { comment } = this.expressionMap;
      if (comment?.includes('*/') || comment?.includes('/*')) {
        throw new StatementRefusedError('a comment contains comment delimiters', 'Remove them.');
      }
      return super.createComment();
    }

    /**
     * Returns the predicates of the tables that the statement reads or changes, without joined tables, whose ON has
     * theirs.
     */
    private tenantPredicates(): string[] {
      const { aliases, queryType, mainAlias } = this.expressionMap;
      const { policies } = this.enforcement();
      const { driver } = this.dataSource;
      for (const { name } of aliases) assertReadableAlias(name);
      // Only the text of a select has table aliases.
      const isSelect = queryType === 'select';
      const sources = isSelect ? aliases.filter(({ type }) => type === 'from') : [mainAlias!];
      return sources
        .filter((alias) => alias.hasMetadata)
        .map(({ metadata, name }) =>
          isSelect
            ? policies.predicateFor(metadata, driver.escape(name))
            : policies.predicateFor(metadata, policies.table(metadata), 'own'),
        )
        .filter((predicate) => predicate !== '');
    }

    private checked(condition: string): string {
      return checkBuilderText(this, condition, 'a condition');
    }

    private enforcement(): Enforcement {
      return requireEnforcement(this.dataSource);
    }
  }

  for (const [method, kind] of Object.entries(CONVERSIONS)) {
    const original = Reflect.get(Base.prototype, method) as (...args: unknown[]) => QueryBuilder<ObjectLiteral>;
    const switched = function (this: QueryBuilder<ObjectLiteral>, ...args: unknown[]): QueryBuilder<ObjectLiteral> {
      // TypeORM's method configures this builder. It returns a plain builder created from it, unless this one already
      // has that kind.
      const next = original.apply(this, args);
      return next === this ? this : new builderRegistry[kind]!(this);
    };
    Object.assign(Scoped.prototype, { [method]: switched });
  }
  return Scoped;
}

/**
 * Rejects other characters: TypeORM quotes aliases after the conditions were checked, so a quote or parenthesis in an
 * alias would change their meaning.
 */
function assertReadableAlias(name: string): void {
  if (/^[\p{L}\p{N}_$.-]*$/u.test(name)) return;
  throw new StatementRefusedError(
    'an alias contains other characters than letters, digits, underscores, points and dashes',
    'Use another alias.',
  );
}
