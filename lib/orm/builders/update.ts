import { EntityNotFoundError, UpdateQueryBuilder } from 'typeorm';
import type { EntityMetadata, ObjectLiteral, UpdateResult } from 'typeorm';
import { requireEnforcement } from '../enforcement.js';
import { lookupsFor } from '../foreign-keys.js';
import { isPersisting } from '../persistence.js';
import type { Policies } from '../policies.js';
import { currentRendering } from '../rendering.js';
import { checkCallerText } from '../sql/caller-text.js';
import type { SqlDialect } from '../sql/tokens.js';
import { family } from './family.js';
import { scoped } from './scoped.js';
import { isLimited, requireOwnTenant, requireParent, tenantColumnsOf } from './write-rules.js';

/** An update that changes rows of the tenant scope only, and cannot move them out of it. */
export class ScopedUpdateQueryBuilder<Entity extends ObjectLiteral> extends scoped(UpdateQueryBuilder)<Entity> {
  override async execute(): Promise<UpdateResult> {
    const result = await super.execute();
    const { mainAlias, callListeners } = this.expressionMap;
    // Each update that `save` makes is for one row, and it does not look whether there was one.
    if (result.affected === 0 && !callListeners && isPersisting() && mainAlias?.hasMetadata) {
      const { policies } = requireEnforcement(this.dataSource);
      if (isLimited(mainAlias.metadata, policies)) throw new EntityNotFoundError(mainAlias.metadata.target, {});
    }
    return result;
  }

  protected override createUpdateExpression(): string {
    const { mainAlias } = this.expressionMap;
    const { policies, dialect } = requireEnforcement(this.dataSource);
    const values = this.getValueSet();
    checkExpressions(values, dialect);
    if (mainAlias?.hasMetadata) {
      currentRendering()?.writes.push(mainAlias.metadata);
      if (isLimited(mainAlias.metadata, policies)) applyRules(mainAlias.metadata, values, policies);
    }
    return super.createUpdateExpression();
  }
}

function applyRules(metadata: EntityMetadata, values: ObjectLiteral, policies: Policies): void {
  for (const tenant of tenantColumnsOf(metadata, policies)) requireOwnTenant(metadata, tenant, values);
  requireParent(metadata, values, policies, false);
  currentRendering()?.lookups.push(...lookupsFor(metadata, [values], policies));
}

/** SQL expressions among the values are checked, and kept as they were checked: a function may answer differently the next time. */
function checkExpressions(values: ObjectLiteral, dialect: SqlDialect): void {
  for (const [property, value] of Object.entries(values) as [string, unknown][]) {
    if (typeof value === 'function') {
      const text = checkCallerText(String((value as () => string)()), dialect, 'an SQL expression');
      values[property] = (): string => text;
    } else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      checkExpressions(value, dialect);
    }
  }
}

family.update = ScopedUpdateQueryBuilder;
