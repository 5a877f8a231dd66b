import type { DataSource, EntityMetadata } from 'typeorm';
import { attempt } from '../../common/safe-read.js';
import type { ScopeLimit, ScopeLimitSource } from '../../tenancy/context/scope-limits.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import type { PolicyLookup } from './policy-compiler.js';
import { isInUniqueKey, limitOf } from './tenant-column-types.js';

/** The limits of one DataSource's tenant columns, one per type. */
export class TenantColumnLimits implements ScopeLimitSource {
  private known: readonly EntityMetadata[] | undefined;
  /** Entities that are undeclared so far, or whose declaration does not fit. */
  private pending: EntityMetadata[] = [];
  private readonly limits = new Map<string, Map<string, ScopeLimit>>();
  private byKey: ReadonlyMap<string, readonly ScopeLimit[]> = new Map();

  constructor(
    private readonly dataSource: DataSource,
    private readonly lookup: PolicyLookup,
  ) {}

  limitsOf(key: string): readonly ScopeLimit[] {
    if (!this.dataSource.isInitialized) return [];
    // A DataSource that is initialised again has new metadata.
    if (this.known !== this.dataSource.entityMetadatas) {
      this.known = this.dataSource.entityMetadatas;
      this.pending = [...this.known];
      this.limits.clear();
    }
    this.read();
    return this.byKey.get(key) ?? [];
  }

  private read(): void {
    const { length } = this.pending;
    this.pending = this.pending.filter((metadata) => !attempt(() => this.readEntity(metadata), false));
    if (this.pending.length === length) return;
    this.byKey = new Map([...this.limits].map(([key, byType]) => [key, [...byType.values()]]));
  }

  /**
   * Reads the limits of one entity.
   *
   * @returns false if the entity is undeclared
   */
  private readEntity(metadata: EntityMetadata): boolean {
    const policy = this.lookup(metadata);
    if (policy.kind === 'columns') {
      for (const { key, column } of policy.columns) {
        const limit = limitOf(column, getScopeDeclaration()[key]);
        if (!('hold' in limit)) continue;
        const byType = this.limits.get(key) ?? new Map<string, ScopeLimit>();
        this.limits.set(key, byType);
        const { unsigned, precision, scale, charset, collation, enum: values } = column;
        const type = limit.column.slice(limit.column.indexOf(' '));
        const name = JSON.stringify([
          type,
          unsigned,
          precision,
          scale,
          charset,
          collation,
          values,
          isInUniqueKey(column),
        ]);
        if (!byType.has(name)) byType.set(name, limit);
      }
    }
    return policy.kind !== 'undeclared';
  }
}
