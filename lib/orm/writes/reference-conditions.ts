import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import type { ForeignKey } from '../policy/declared-foreign-keys.js';
import { keysOfTable } from '../policy/declared-foreign-keys.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { scopeParameter } from '../policy/scope-parameters.js';
import type { RowSet } from '../policy/tenant-policy.js';
import { foreignKeysOf, isOnlyOwner } from './foreign-keys.js';
import { isInherited } from './plain-table.js';

/** A column that must not reference a soft-deleted row. */
export interface LiveReference {
  readonly own: ColumnMetadata;
  readonly referenced: ColumnMetadata;
}

/** A condition on the row that a foreign key references, as part of the statement that writes the key. */
export interface ReferenceCondition {
  readonly key: Pick<ForeignKey, 'target' | 'columns'>;
  readonly rows: RowSet;
  readonly isLive: boolean;
}

/**
 * Collects the conditions on referenced rows: the same ones that `collectLookups` collects for separate statements, and
 * those of references to rows that must not be soft-deleted.
 *
 * @returns undefined if a referenced entity shares its table with others: the row must also be of its class
 */
export function referenceConditions(
  metadata: EntityMetadata,
  policies: PolicyRegistry,
  live: readonly LiveReference[],
): readonly ReferenceCondition[] | undefined {
  const targets = [
    ...keysOfTable(metadata).map(({ target }) => target),
    ...live.map(({ referenced }) => referenced.entityMetadata),
  ];
  if (targets.some(isInherited)) return undefined;
  const isLimited = policies.effective(metadata) !== undefined;
  const keys = foreignKeysOf(metadata, policies).filter(
    ({ target }) => isLimited || policies.effective(target) !== undefined,
  );
  const isKey = ({ columns }: ForeignKey, { own, referenced }: LiveReference): boolean =>
    columns.length === 1 && columns[0].own === own && columns[0].referenced === referenced;
  const conditions = keys.map((key): ReferenceCondition => {
    const rows = isLimited && isOnlyOwner(key, policies.of(metadata)) ? 'own' : 'visible';
    return { key, rows, isLive: live.some((reference) => isKey(key, reference)) };
  });
  const others = live.filter((reference) => !keys.some((key) => isKey(key, reference)));
  return [
    ...conditions,
    ...others.map((columns): ReferenceCondition => ({
      key: { target: columns.referenced.entityMetadata, columns: [columns] },
      rows: 'visible',
      isLive: true,
    })),
  ];
}

/**
 * Renders the condition that the referenced row exists, is visible in the scope, and is not soft-deleted if that is
 * required.
 *
 * @param alias the alias of the referenced table, unescaped
 * @param parameterOf returns the name of the parameter with the value of a column
 */
export function referenceSql(
  condition: ReferenceCondition,
  alias: string,
  policies: PolicyRegistry,
  parameterOf: (own: ColumnMetadata) => string,
): string {
  const { key, rows, isLive } = condition;
  const { target, columns } = key;
  const { driver } = policies;
  const qualifier = driver.escape(alias);
  const limit = policies.predicateFor(target, qualifier, rows);
  const equal = columns.map(
    ({ own, referenced }) => `${qualifier}.${driver.escape(referenced.databaseName)} = :${parameterOf(own)}`,
  );
  const { deleteDateColumn } = target;
  if (isLive) equal.push(`${qualifier}.${driver.escape(deleteDateColumn!.databaseName)} IS NULL`);
  const conditions = [...(limit === '' ? [] : [limit]), equal.join(' AND ')].map((condition) => `( ${condition} )`);
  return `EXISTS (SELECT 1 FROM ${policies.table(target)} ${qualifier} WHERE ${conditions.join(' AND ')})`;
}

/** Returns the tenant parameter of a foreign key column that is also a tenant column; undefined for any other one. */
export function tenantParameterOf(
  own: ColumnMetadata,
  metadata: EntityMetadata,
  policies: PolicyRegistry,
): string | undefined {
  const tenant = policies.tenantColumns(metadata).find(({ column }) => column.databaseName === own.databaseName);
  return tenant && scopeParameter(tenant.key, own.referencedColumn ?? own);
}
