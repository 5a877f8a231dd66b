import type { EntityMetadata } from 'typeorm';
import type { PolicyLookup } from './policy-compiler.js';

/**
 * Returns the scope keys of an entity's tenant columns, or of its parents.
 *
 * @returns an empty set for a shared entity, undefined for an undeclared one
 */
export function tenantKeysOf(metadata: EntityMetadata, lookup: PolicyLookup): ReadonlySet<string> | undefined {
  const policy = lookup(metadata);
  switch (policy.kind) {
    case 'undeclared':
      return undefined;
    case 'shared':
      return new Set();
    case 'columns':
      return new Set(policy.columns.map(({ key }) => key));
    case 'parents':
      return new Set(policy.parents.flatMap(({ parent }) => [...tenantKeysOf(parent, lookup)!]));
  }
}
