import type { ForeignKeyMetadata } from '../../common/peer-internals.js';
import { BoundedCache } from '../../common/bounded-cache.js';
import type { DataSource, EntityMetadata } from 'typeorm';
import { accessPlanKey, isUnscoped } from './access.js';
import type { PolicyLookup } from './policy-compiler.js';
import { tenantKeysOf } from './tenant-keys.js';

/** A foreign key by which the database would change rows that the current scope may not see. */
export interface ForeignCascade {
  /** The entity whose rows would be deleted or changed. */
  readonly entity: EntityMetadata;
  /** The foreign key and its rule, for errors: `Ticket.priceList (ON DELETE CASCADE)`. */
  readonly by: string;
}

/** Rows of one table that a statement or its cascades delete or change. */
interface Effect {
  readonly table: string;
  /** Database names of the changed columns; undefined if the rows are deleted. */
  readonly changed: ReadonlySet<string> | undefined;
  /** Scope keys whose value is the current scope's in all these rows. */
  readonly keys: ReadonlySet<string>;
}

const CHANGES_ROWS = /CASCADE|SET/i;
/** Maximum number of cached results per entity; applications update few distinct sets of columns. */
const REMEMBERED = 100;

/**
 * Follows ON DELETE and ON UPDATE through the foreign keys of a DataSource's entities.
 *
 * A referencing row is of the scope too if its tenant keys are among those of the referenced row: the foreign key check
 * compares them when the reference is written. With more keys, or through a shared row, it may belong to any tenant. A
 * cascade that reaches such rows is reported before the statement is sent.
 */
export class Cascades {
  private index?: {
    readonly of: readonly EntityMetadata[];
    readonly byTable: ReadonlyMap<string, readonly EntityMetadata[]>;
    /** Foreign keys whose ON DELETE, or ON UPDATE, changes rows, by the referenced table. */
    readonly onDelete: ReadonlyMap<string, readonly ForeignKeyMetadata[]>;
    readonly onUpdate: ReadonlyMap<string, readonly ForeignKeyMetadata[]>;
  };
  private readonly known = new WeakMap<EntityMetadata, BoundedCache<string, ForeignCascade | undefined>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly lookup: PolicyLookup,
  ) {}

  /**
   * Finds a foreign key by which deleting rows of `metadata` changes rows that the current scope may not see.
   *
   * @returns undefined if there is no such foreign key
   */
  ofDelete(metadata: EntityMetadata): ForeignCascade | undefined {
    return this.follow(metadata, undefined);
  }

  /**
   * Finds a foreign key by which changing columns of `metadata` changes rows that the current scope may not see.
   *
   * @param changed database names of the columns
   * @returns undefined if there is no such foreign key
   */
  ofUpdate(metadata: EntityMetadata, changed: ReadonlySet<string>): ForeignCascade | undefined {
    return this.follow(metadata, changed);
  }

  /**
   * Caches the search: it runs for every delete, and in a large application a cascade reaches hundreds of foreign keys.
   */
  private follow(metadata: EntityMetadata, changed: Effect['changed']): ForeignCascade | undefined {
    let known = this.known.get(metadata);
    if (known === undefined) this.known.set(metadata, (known = new BoundedCache(REMEMBERED)));
    const name = JSON.stringify([accessPlanKey(), changed && [...changed].sort()]);
    if (known.has(name)) return known.get(name);
    const found = this.search(metadata, changed);
    // The result is not cached for an undeclared entity, which may still be declared.
    const isFinal = found === undefined || this.keysOfTable(found.entity) !== undefined;
    if (isFinal) known.set(name, found);
    return found;
  }

  private search(metadata: EntityMetadata, changed: Effect['changed']): ForeignCascade | undefined {
    const start = { table: metadata.tablePath, changed, keys: this.keysInForce(metadata) };
    const effects = new Map([[nameOf(start), start]]);
    // The loop also visits the effects that it adds, and ends because equal ones have the same key.
    for (const effect of effects.values()) {
      for (const key of this.keysTo(effect)) {
        const caused = causedBy(effect, key);
        if (caused === undefined) continue;
        const { entityMetadata: entity } = key;
        const keys = this.keysOfTable(entity);
        if (!isUnscoped(entity) && (keys === undefined || !isSubset(keys, effect.keys)))
          return { entity, by: caused.by };
        const next: Effect = {
          table: entity.tablePath,
          changed: caused.changed,
          keys: new Set([...effect.keys].filter((name) => keys?.has(name))),
        };
        effects.set(nameOf(next), next);
      }
    }
    return undefined;
  }

  /**
   * Returns the scope keys whose values the rows of an entity share with the scope; empty if the entity is unscoped.
   */
  private keysInForce(metadata: EntityMetadata): ReadonlySet<string> {
    if (isUnscoped(metadata)) return new Set();
    const [first, ...others] = this.entitiesOf(metadata.tablePath).map((entity) => tenantKeysOf(entity, this.lookup));
    // A reference to the row may have been checked through any of the table's entities.
    return new Set([...(first ?? [])].filter((key) => others.every((other) => other?.has(key))));
  }

  /** Returns all tenant keys of a table's entities; undefined if one of the entities is undeclared. */
  private keysOfTable({ tablePath }: EntityMetadata): ReadonlySet<string> | undefined {
    const all = this.entitiesOf(tablePath).map((entity) => tenantKeysOf(entity, this.lookup));
    return all.includes(undefined) ? undefined : new Set(all.flatMap((keys) => [...keys!]));
  }

  private entitiesOf(table: string): readonly EntityMetadata[] {
    return this.indexed().byTable.get(table)!;
  }

  private keysTo({ table, changed }: Effect): readonly ForeignKeyMetadata[] {
    const { onDelete, onUpdate } = this.indexed();
    return (changed === undefined ? onDelete : onUpdate).get(table) ?? [];
  }

  private indexed(): NonNullable<typeof this.index> {
    const of = this.dataSource.entityMetadatas;
    // A DataSource that is initialised again has new metadata.
    if (this.index?.of !== of) {
      const keys = of.flatMap(({ foreignKeys }) => foreignKeys);
      this.index = {
        of,
        byTable: groupBy(of, ({ tablePath }) => tablePath),
        onDelete: byTarget(keys.filter(({ onDelete }) => CHANGES_ROWS.test(String(onDelete)))),
        onUpdate: byTarget(keys.filter(({ onUpdate }) => CHANGES_ROWS.test(String(onUpdate)))),
      };
    }
    return this.index;
  }
}

/**
 * Returns the effect of an effect on the referenced rows upon the referencing rows; undefined if these do not change.
 */
function causedBy(
  { changed }: Effect,
  { entityMetadata, columns, referencedColumns, onDelete, onUpdate }: ForeignKeyMetadata,
): { readonly changed: Effect['changed']; readonly by: string } | undefined {
  const isDelete = changed === undefined;
  const rule = String(isDelete ? onDelete : onUpdate);
  if (!isDelete && !referencedColumns.some(({ databaseName }) => changed.has(databaseName))) return undefined;
  const { relationMetadata, propertyPath } = columns[0];
  const by = `${entityMetadata.name}.${relationMetadata?.propertyPath ?? propertyPath} (ON ${isDelete ? 'DELETE' : 'UPDATE'} ${rule})`;
  const isDeleted = isDelete && /CASCADE/i.test(rule);
  return { changed: isDeleted ? undefined : new Set(columns.map(({ databaseName }) => databaseName)), by };
}

function nameOf({ table, changed, keys }: Effect): string {
  return JSON.stringify([table, changed && [...changed].sort(), [...keys].sort()]);
}

function isSubset(keys: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return [...keys].every((key) => others.has(key));
}

function byTarget(keys: readonly ForeignKeyMetadata[]): ReadonlyMap<string, readonly ForeignKeyMetadata[]> {
  return groupBy(keys, ({ referencedEntityMetadata }) => referencedEntityMetadata.tablePath);
}

function groupBy<T>(all: readonly T[], nameOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(nameOf(one));
    if (group === undefined) groups.set(nameOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
