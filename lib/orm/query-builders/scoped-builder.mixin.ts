import type { ObjectLiteral, QueryBuilder } from 'typeorm';
import type { WhereClause } from 'typeorm/query-builder/WhereClause.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { withOwnDiscriminators } from './discriminator-condition.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import type { Enforcement } from '../enforcement/enforcement.js';
import { buildStatement } from '../writes/statement-context.js';
import { assertBalancedFragment } from '../sql/fragment-validator.js';
import { checkBuilderText } from './builder-fragments.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import type { BuilderRegistry } from '../enforcement/builder-registry.js';

// A mixin's constructor takes any arguments: TypeScript asks for exactly this type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type BuilderConstructor = abstract new (...args: any[]) => QueryBuilder<ObjectLiteral>;

/** Methods by which one kind of builder becomes another. */
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
 * What every scoped query builder does on top of TypeORM's own. Nothing of it is kept in the builder: each time the text is made the
 * scope in force is read anew, so a builder that is cloned, or made in one scope and run in another, obeys the one that it runs in.
 *
 * The result has the type of `Base`; what is added are overrides only.
 */
export function ScopedBuilder<B extends BuilderConstructor>(Base: B): B {
  abstract class Scoped extends Base {
    override getQueryAndParameters(): [string, unknown[]] {
      return buildStatement(() => super.getQueryAndParameters());
    }

    /** A sub-query's text goes into another statement's, where the driver's placeholders of its own would mean something else. */
    override getSql(): string {
      return this.parentQueryBuilder === undefined ? super.getSql() : this.getQuery();
    }

    /**
     * The predicates come first: a database that evaluates conditions in their order asks whose a row is before it computes anything with the row's
     * values, so that an error does not tell of them.
     */
    protected override createWhereExpression(): string {
      const conditions = this.tenantPredicates();
      const made = super.createWhereExpression();
      const mainAlias = this.expressionMap.mainAlias!;
      const text = mainAlias.hasMetadata ? withOwnDiscriminators(made, mainAlias.metadata) : made;
      if (conditions.length === 0) return text;
      if (text !== '') {
        if (!text.startsWith(' WHERE '))
          throw new StatementRefusedError('there is something before its conditions', 'Leave it out.');
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
        throw new StatementRefusedError('a comment contains the marks of a comment', 'Leave them out.');
      }
      return super.createComment();
    }

    /** The predicates of the tables that the statement reads or changes, joins left out: those carry theirs in their ON. */
    private tenantPredicates(): string[] {
      const { aliases, queryType, mainAlias } = this.expressionMap;
      const { policies } = this.enforcement();
      const { driver } = this.dataSource;
      for (const { name } of aliases) requireReadableAlias(name);
      // Only a select gives its tables aliases in the text.
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
      // TypeORM's own method sets this builder up, and gives a stock builder made from it unless it is of that kind already.
      const next = original.apply(this, args);
      return next === this ? this : new builderRegistry[kind]!(this);
    };
    Object.assign(Scoped.prototype, { [method]: switched });
  }
  return Scoped;
}

/** TypeORM puts an alias into quotes after conditions have been read: a quote or bracket in it would change what they mean. */
function requireReadableAlias(name: string): void {
  if (/^[\p{L}\p{N}_$.-]*$/u.test(name)) return;
  throw new StatementRefusedError(
    'an alias is not made of letters, digits, underscores, points and dashes',
    'Choose another one.',
  );
}
