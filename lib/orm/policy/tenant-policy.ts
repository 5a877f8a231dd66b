import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

/** A scope key and the column that holds its value in one table. */
export interface TenantColumn {
  readonly key: string;
  readonly column: ColumnMetadata;
}

/** A parent entity that determines the owner of a row, and the join to it. */
export interface ParentJoin {
  readonly parent: EntityMetadata;
  /** Foreign key columns of the child, each with the referenced column of the parent. */
  readonly columns: readonly { readonly own: ColumnMetadata; readonly referenced: ColumnMetadata }[];
}

/**
 * Determines which rows of a table are visible in a tenant scope.
 *
 * - `shared`: all rows.
 * - `columns`: rows whose columns hold the scope's values, and rows whose `sharedIfNull` columns are all NULL.
 * - `parents`: rows whose parents are visible. An entity scoped through a relation has one parent; the junction table
 *   of a many-to-many relation and the closure table of a tree have two. A row is writable only if one of its `owners`
 *   is the tenant's own.
 * - `undeclared`: no rows, because the entity has no declaration.
 */
export type TenantPolicy =
  | { readonly kind: 'shared' }
  | { readonly kind: 'undeclared' }
  | {
      readonly kind: 'columns';
      readonly columns: readonly TenantColumn[];
      /** The nullable tenant columns, if NULL makes a row shared; otherwise empty. */
      readonly sharedIfNull: readonly TenantColumn[];
    }
  | {
      readonly kind: 'parents';
      readonly parents: readonly ParentJoin[];
      /** A child's parent, both sides of a junction row, or the descendant in a closure table. */
      readonly owners: readonly ParentJoin[];
    };

/** A policy under which rows belong to tenants. */
export type ScopedPolicy = Extract<TenantPolicy, { kind: 'columns' | 'parents' }>;

/** Checks whether rows under this policy belong to tenants. */
export function isScoped(policy: TenantPolicy): policy is ScopedPolicy {
  return policy.kind === 'columns' || policy.kind === 'parents';
}

/** The rows of a table that a predicate selects: all visible ones, or only those that the scope may write. */
export type RowSet = 'visible' | 'own';

/** Returns the ownership columns of a row: its tenant columns, or the foreign key columns of its first owner. */
export function ownerColumns(policy: ScopedPolicy): readonly ColumnMetadata[] {
  if (policy.kind === 'columns') return policy.columns.map(({ column }) => column);
  return policy.owners[0].columns.map(({ own }) => own);
}
