import { BoundedCache } from '../../common/bounded-cache.js';
import { StringDecoder } from 'node:string_decoder';
import type { DataSource, Driver, EntityMetadata } from 'typeorm';
import { EntityUndeclaredError } from '../../errors/entity-undeclared.error.js';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { declarationsVersion } from '../../tenancy/metadata/entity-tenancy.registry.js';
import { resolveAccess, isUnscoped } from './access.js';
import { Cascades } from './cascade-analysis.js';
import type { ForeignCascade } from './cascade-analysis.js';
import { compilePolicy, tenancyOfEntity } from './policy-compiler.js';
import { CompiledDeclarations } from './compiled-declarations.js';
import type { RowSet, ScopedPolicy, TenantColumn, TenantPolicy } from './tenant-policy.js';
import { PredicateText } from './predicate-renderer.js';

const NONE: readonly EntityMetadata[] = [];
/** PostgreSQL truncates identifiers to this length. */
const IDENTIFIER_BYTES = 63;
/** Maximum number of cached qualifiers per entity; aliases are few unless they are generated. */
const REMEMBERED = 500;

/**
 * The policies of one DataSource's entities, each compiled once, on first use: a declaration may be loaded after the
 * DataSource has been initialised.
 */
export class PolicyRegistry {
  private readonly policies = new Map<EntityMetadata, TenantPolicy>();
  private readonly compiledFrom = new CompiledDeclarations();
  private version = declarationsVersion();
  private allowsUndeclared = false;
  private readonly compiling = new Set<EntityMetadata>();
  private readonly texts: Readonly<Record<RowSet, Map<EntityMetadata, BoundedCache<string, string>>>> = {
    visible: new Map(),
    own: new Map(),
  };
  private readonly predicates = new PredicateText(this);
  /** The rows that the database deletes or changes by foreign keys. */
  readonly cascades: Cascades;
  private tables?: {
    readonly metadatas: readonly EntityMetadata[];
    readonly byName: ReadonlyMap<string, readonly EntityMetadata[]>;
  };

  constructor(private readonly dataSource: DataSource) {
    this.cascades = new Cascades(dataSource, (metadata) => this.of(metadata));
  }

  get driver(): Driver {
    return this.dataSource.driver;
  }

  /** Treats undeclared entities as shared from now on: their rows are not limited to a tenant. */
  allowUndeclared(): void {
    this.allowsUndeclared = true;
  }

  /**
   * Returns the policy of an entity.
   *
   * @throws MuckConfigurationError if the declaration does not fit the entity
   */
  of(metadata: EntityMetadata): TenantPolicy {
    if (this.version !== declarationsVersion()) {
      this.version = declarationsVersion();
      this.policies.clear();
    }
    const known = this.policies.get(metadata);
    if (known !== undefined) return known;
    if (this.compiling.has(metadata)) {
      throw new MuckConfigurationError([
        `${metadata.name} is scoped through itself. One of its parents needs a tenant column.`,
      ]);
    }
    this.compiling.add(metadata);
    try {
      const compiled = compilePolicy(metadata, (other) => this.of(other));
      const policy: TenantPolicy =
        compiled.kind === 'undeclared' && this.allowsUndeclared ? { kind: 'shared' } : compiled;
      // An undeclared entity is not cached: it may still be declared.
      if (policy.kind !== 'undeclared') {
        this.compiledFrom.keep(metadata);
        this.policies.set(metadata, policy);
      }
      return policy;
    } finally {
      this.compiling.delete(metadata);
    }
  }

  /** Checks whether an entity is undeclared and is therefore treated as shared, see {@link allowUndeclared}. */
  isAllowedUndeclared(metadata: EntityMetadata): boolean {
    return this.allowsUndeclared && tenancyOfEntity(metadata) === undefined && this.of(metadata).kind === 'shared';
  }

  /**
   * Returns the policy that limits the running code on this entity; undefined if all its rows are accessible.
   *
   * @throws EntityUndeclaredError if the entity is undeclared
   * @throws TenantScopeMissingError if there is no current scope
   */
  effective(metadata: EntityMetadata): ScopedPolicy | undefined {
    const policy = this.of(metadata);
    if (policy.kind === 'shared') return undefined;
    if (policy.kind === 'undeclared') {
      if (isUnscoped(metadata)) return undefined;
      throw new EntityUndeclaredError(metadata.name);
    }
    return resolveAccess(metadata) === 'everything' ? undefined : policy;
  }

  /** Checks whether the running code is limited to the rows of a tenant on this entity. */
  isLimited(metadata: EntityMetadata): boolean {
    return this.effective(metadata) !== undefined;
  }

  /** Returns the tenant columns of an entity, whatever the access context. */
  tenantColumns(metadata: EntityMetadata): readonly TenantColumn[] {
    const policy = this.of(metadata);
    return policy.kind === 'columns' ? policy.columns : [];
  }

  /**
   * Returns the predicate that limits a table to the rows that the running code may see, with named parameters. Empty
   * if all rows are accessible.
   *
   * @param qualifier the alias or table name that the statement uses, escaped
   * @param rows 'own' for the table that an update or delete changes
   */
  predicateFor(metadata: EntityMetadata, qualifier: string, rows: RowSet = 'visible'): string {
    return this.effective(metadata) === undefined ? '' : this.predicateSql(metadata, qualifier, rows);
  }

  /** Returns the predicate of a tenant-scoped entity, whatever the access context. */
  predicateSql(metadata: EntityMetadata, qualifier: string, rows: RowSet = 'visible'): string {
    let texts = this.texts[rows].get(metadata);
    if (texts === undefined) this.texts[rows].set(metadata, (texts = new BoundedCache(REMEMBERED)));
    return texts.getOrCreate(qualifier, () => this.predicates.render(metadata, qualifier, rows));
  }

  /**
   * Checks whether a scope may see rows of this entity that it may not write, because their tenant columns are NULL.
   */
  mayBeShared(metadata: EntityMetadata): boolean {
    const policy = this.of(metadata);
    if (policy.kind === 'columns') return policy.sharedIfNull.length > 0;
    return policy.kind === 'parents' && policy.owners.every(({ parent }) => this.mayBeShared(parent));
  }

  /**
   * Returns the entities of a table that are not shared.
   *
   * @param table its name, unquoted and in lower case
   */
  tenantEntities(table: string): readonly EntityMetadata[] {
    return this.metadatasOf(table).filter((metadata) => this.of(metadata).kind !== 'shared');
  }

  /**
   * Checks whether an entity is mapped to a table.
   *
   * @param table its name, unquoted and in lower case
   */
  isMapped(table: string): boolean {
    return this.metadatasOf(table).length > 0;
  }

  private metadatasOf(table: string): readonly EntityMetadata[] {
    const metadatas = this.dataSource.entityMetadatas;
    // A DataSource that is initialised again has new metadata.
    if (this.tables?.metadatas !== metadatas) this.tables = { metadatas, byName: this.groupByTable(metadatas) };
    return this.tables.byName.get(this.tableKey(table)) ?? NONE;
  }

  /**
   * Returns a table's name without its schema, as the database stores it: PostgreSQL truncates it to 63 bytes, at a
   * character boundary.
   */
  private tableKey(name: string): string {
    const table = name.toLowerCase().split('.').at(-1)!;
    if (this.driver.options.type !== 'postgres' || table.length <= IDENTIFIER_BYTES / 4) return table;
    return new StringDecoder().write(Buffer.from(table).subarray(0, IDENTIFIER_BYTES));
  }

  private groupByTable(metadatas: readonly EntityMetadata[]): ReadonlyMap<string, readonly EntityMetadata[]> {
    const tables = new Map<string, EntityMetadata[]>();
    for (const metadata of metadatas) {
      const table = this.tableKey(metadata.tablePath);
      tables.set(table, [...(tables.get(table) ?? []), metadata]);
    }
    return tables;
  }

  /** Returns the escaped table path of an entity. */
  table(metadata: EntityMetadata): string {
    return metadata.tablePath
      .split('.')
      .map((part) => this.escape(part))
      .join('.');
  }

  /** Works like {@link Cascades.ofDelete}, for a table name of raw SQL. */
  cascadeOfDelete(table: string): ForeignCascade | undefined {
    return first(this.metadatasOf(table), (metadata) => this.cascades.ofDelete(metadata));
  }

  /**
   * Works like {@link Cascades.ofUpdate}, for the names of raw SQL.
   *
   * @param columns names of the changed columns in lower case; undefined for any column
   */
  cascadeOfUpdate(table: string, columns: readonly string[] | undefined): ForeignCascade | undefined {
    return first(this.metadatasOf(table), (metadata) => {
      const names = metadata.columns.map(({ databaseName }) => databaseName);
      const changed = names.filter((name) => columns?.includes(name.toLowerCase()) ?? true);
      return this.cascades.ofUpdate(metadata, new Set(changed));
    });
  }

  /** Returns the table of the query cache in lower case; undefined if the cache is not enabled. */
  get cacheTable(): string | undefined {
    const { cache } = this.dataSource.options;
    if (cache === undefined || cache === false) return undefined;
    const { tableName } = Object(cache) as { readonly tableName?: string };
    return (tableName ?? 'query-result-cache').toLowerCase();
  }

  /** Returns the column names of a table's entities, in lower case. */
  columnNames(table: string): readonly string[] {
    return this.metadatasOf(table).flatMap(({ columns }) =>
      columns.map(({ databaseName }) => databaseName.toLowerCase()),
    );
  }

  private escape(name: string): string {
    return this.driver.escape(name);
  }
}

function first<T, R>(all: readonly T[], find: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
