import { SelectQueryBuilder } from 'typeorm';
import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { markHiddenRelations } from '../writes/hidden-relations.js';
import { checkBuilderText } from './builder-fragments.js';
import { withJunctionPredicate } from './junction-predicate.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import { ScopedBuilder } from './scoped-builder.mixin.js';

/** TypeORM's argument for rendering a join: the join and the joins that start from it. */
type JoinTree = Parameters<SelectQueryBuilder<ObjectLiteral>['createJoinTreeRecursively']>[0];

/** A select that reads rows of the tenant scope only, from every table that it names. */
export class ScopedSelectQueryBuilder<Entity extends ObjectLiteral> extends ScopedBuilder(SelectQueryBuilder)<Entity> {
  protected override join(...args: Parameters<SelectQueryBuilder<Entity>['join']>): void {
    const condition = args[3];
    // TypeORM appends conditions with AND: without parentheses, an OR in the text would bypass them.
    if (condition) args[3] = `(${checkBuilderText(this, condition, 'a join condition')})`;
    super.join(...args);
  }

  protected override createJoinTreeRecursively(tree: JoinTree): string {
    const { joinAttribute } = tree;
    const { alias, condition } = joinAttribute;
    const { policies } = requireEnforcement(this.dataSource);
    const predicate = alias.hasMetadata ? this.predicate(alias.metadata, alias.name) : '';
    // Junction rows may belong to tenants although the joined rows are shared.
    if (predicate === '') return withJunctionPredicate(joinAttribute, super.createJoinTreeRecursively(tree), policies);
    joinAttribute.condition = condition
      ? `${predicate} AND (${checkBuilderText(this, condition, 'a join condition')})`
      : predicate;
    try {
      return withJunctionPredicate(joinAttribute, super.createJoinTreeRecursively(tree), policies);
    } finally {
      joinAttribute.condition = condition;
    }
  }

  protected override executeEntitiesAndRawResults(
    queryRunner: QueryRunner,
  ): Promise<{ entities: Entity[]; raw: ObjectLiteral[] }> {
    const result = super.executeEntitiesAndRawResults(queryRunner);
    // Relations are loaded by joins, or by a statement each.
    if (this.expressionMap.joinAttributes.length === 0 && this.relationMetadatas.length === 0) return result;
    return result.then((loaded) => {
      markHiddenRelations(this.expressionMap.mainAlias!.metadata, loaded.entities);
      return loaded;
    });
  }

  /** Skips TypeORM's method if there is no query cache: it would compute a cache key all the same. */
  protected override loadRawResults(queryRunner: QueryRunner): Promise<ObjectLiteral[]> {
    if (this.dataSource.queryResultCache !== undefined) return super.loadRawResults(queryRunner) as Promise<never>;
    const [sql, parameters] = this.getQueryAndParameters();
    return queryRunner.query(sql, parameters);
  }

  protected override createHavingExpression(): string {
    for (const { condition } of this.expressionMap.havings)
      checkBuilderText(this, String(condition), 'a having clause');
    return super.createHavingExpression();
  }

  /** `DISTINCT ON` accepts raw SQL, which may come from a request: only columns are allowed. */
  protected override createSelectDistinctExpression(): string {
    for (const text of this.expressionMap.selectDistinctOn) {
      if (!this.namesColumn(text)) {
        throw new StatementRefusedError(
          'distinctOn() takes mapped columns only',
          "Write e.g. distinctOn(['ticket.status']).",
        );
      }
    }
    return super.createSelectDistinctExpression();
  }

  private predicate(metadata: EntityMetadata, alias: string): string {
    return requireEnforcement(this.dataSource).policies.predicateFor(metadata, this.dataSource.driver.escape(alias));
  }

  private namesColumn(text: string): boolean {
    const entities = this.expressionMap.aliases.filter((alias) => alias.hasMetadata);
    return entities.some(({ name, metadata }) =>
      metadata.columns.some(({ propertyPath, databaseName }) =>
        [`${name}.${propertyPath}`, `${this.escape(name)}.${this.escape(databaseName)}`].includes(text),
      ),
    );
  }
}

builderRegistry.select = ScopedSelectQueryBuilder;
