import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** A scope key and the column that holds it in one table. */
export interface TenantColumn {
  readonly key: string;
  readonly column: ColumnMetadata;
}

/** A scoped row that decides to whom rows of another table belong, and how to get there. */
export interface ParentJoin {
  readonly parent: EntityMetadata;
  /** Foreign key columns of the child and the columns of the parent that they name, pair by pair. */
  readonly columns: readonly { readonly own: ColumnMetadata; readonly referenced: ColumnMetadata }[];
}

/**
 * Which rows of a table a tenant scope can see.
 *
 * - `shared`: all of them.
 * - `columns`: those whose columns hold the scope's values, and those in which all `sharedIfNull` columns are NULL.
 * - `parents`: those whose parents it can see: an entity scoped through a relation has one, the junction table of a
 *   many-to-many relation and the closure table of a tree have two. A row is written only if one of its `owners` is
 *   the tenant's own.
 * - `undeclared`: nobody has said, so none.
 */
export type TenantPolicy =
  | { readonly kind: 'shared' }
  | { readonly kind: 'undeclared' }
  | {
      readonly kind: 'columns';
      readonly columns: readonly TenantColumn[];
      /** The nullable ones among them, if NULL makes a row shared; otherwise empty. */
      readonly sharedIfNull: readonly TenantColumn[];
    }
  | {
      readonly kind: 'parents';
      readonly parents: readonly ParentJoin[];
      /** A child's parent, both ends of a link, the descendant in a closure table. */
      readonly owners: readonly ParentJoin[];
    };

/** A policy under which rows belong to tenants. */
export type ScopedPolicy = Extract<TenantPolicy, { kind: 'columns' | 'parents' }>;

/** Whether rows under this policy belong to tenants. */
export function isScoped(policy: TenantPolicy): policy is ScopedPolicy {
  return policy.kind === 'columns' || policy.kind === 'parents';
}

/** The rows of a table that a predicate selects: those that the scope sees, or only those that it may write. */
export type RowSet = 'visible' | 'own';

/** The columns that say to whom a row belongs: those that hold its tenant, or the key of a row that it belongs with. */
export function ownerColumns(policy: ScopedPolicy): readonly ColumnMetadata[] {
  if (policy.kind === 'columns') return policy.columns.map(({ column }) => column);
  return policy.owners[0].columns.map(({ own }) => own);
}
