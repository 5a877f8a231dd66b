import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { attempt } from '../../common/safe-read.js';
import { tenancyOfEntity } from '../policy/policy-compiler.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isScoped } from '../policy/tenant-policy.js';
import { parseStatement } from '../sql/table-references.js';
import { tokenize } from '../sql/tokenizer.js';
import type { SqlDialect } from '../sql/tokenizer.js';

/**
 * Finds virtual columns whose SQL reads tenant-scoped tables: every statement on their entity would be refused.
 *
 * @returns problems in words
 */
export function checkVirtualColumns(metadata: EntityMetadata, policies: PolicyRegistry, dialect: SqlDialect): string[] {
  return metadata.columns.flatMap((column) => {
    if (column.query === undefined) return [];
    const name = `${metadata.name}.${column.propertyPath}`;
    const sql = sqlOf(column, policies);
    if (sql === undefined) return [`${name} is a @VirtualColumn whose query function throws. It must return a string.`];
    const read = scopedEntityIn(sql, policies, dialect);
    if (read === undefined) return [];
    return [
      `${name} is a @VirtualColumn whose SQL reads ${read.name}, which is tenant-scoped: its SQL cannot get a tenant predicate, so ` +
        `every query on ${metadata.name} would be refused. Remove the column, and read ${read.name} in a query of its own: ` +
        `tenancy.sql(manager)\`SELECT count(*) FROM \${table(${read.name}, 'r')} WHERE …\`.`,
    ];
  });
}

/**
 * Finds undeclared views over tenant-scoped tables. If undeclared entities are allowed, such a view would show the rows
 * of all tenants.
 *
 * @returns problems in words
 */
export function checkUndeclaredViews(
  metadata: EntityMetadata,
  policies: PolicyRegistry,
  dialect: SqlDialect,
): string[] {
  const isAllowed = tenancyOfEntity(metadata) === undefined && policies.of(metadata).kind === 'shared';
  if (!isAllowed || metadata.tableType !== 'view') return [];
  const { expression } = metadata;
  const read = typeof expression === 'string' ? scopedEntityIn(expression, policies, dialect) : undefined;
  if (typeof expression === 'string' && read === undefined) return [];
  const rows = read === undefined ? 'may read tenant-scoped rows' : `reads ${read.name}, which is tenant-scoped`;
  return [`${metadata.name} is an undeclared view that ${rows}. Declare it: @TenantScoped() or @TenantShared('why').`];
}

function sqlOf(column: ColumnMetadata, { driver }: PolicyRegistry): string | undefined {
  const sql: unknown = attempt(() => column.query!(driver.escape('row')), undefined);
  return typeof sql === 'string' ? sql : undefined;
}

/** Returns a tenant-scoped entity whose table the SQL names; undefined if there is none. */
function scopedEntityIn(sql: string, policies: PolicyRegistry, dialect: SqlDialect): EntityMetadata | undefined {
  const { mentions } = parseStatement(tokenize(sql, dialect).tokens);
  return mentions
    .flatMap(({ table }) => policies.tenantEntities(table))
    .find((metadata) => isScoped(policies.of(metadata)));
}
