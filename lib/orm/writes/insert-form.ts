import type { DataSource, EntityMetadata, ObjectLiteral } from 'typeorm';
import { RandomGenerator } from '../../common/peer-internals.js';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import type { TenantColumn } from '../policy/tenant-policy.js';
import { referenceConditions } from './reference-conditions.js';
import type { LiveReference, ReferenceCondition } from './reference-conditions.js';
import { assertNoGeneratedKey, assertOwnReferences, assertParentGiven } from './write-rules.js';

/** The values of a row, in the order of {@link InsertForm.columns}: undefined for a column that gets its default. */
export type InsertValues = readonly unknown[];

/** What a row of an entity consists of if it is inserted without TypeORM's builder. */
export class InsertForm {
  private constructor(
    private readonly metadata: EntityMetadata,
    /** The columns whose values the caller gives. */
    readonly columns: readonly ColumnMetadata[],
    readonly tenants: readonly TenantColumn[],
    readonly references: readonly ReferenceCondition[],
  ) {}

  /** @returns undefined if only the builder can check the references of such rows */
  static of(
    metadata: EntityMetadata,
    policies: PolicyRegistry,
    live: readonly LiveReference[],
  ): InsertForm | undefined {
    const tenants = policies.tenantColumns(metadata);
    const references = referenceConditions(metadata, policies, live);
    if (references === undefined) return undefined;
    const isTenant = (column: ColumnMetadata): boolean =>
      tenants.some((tenant) => tenant.column.databaseName === column.databaseName);
    const columns = metadata.columns.filter(
      (column) => column.isInsert && !isTenant(column) && !isCounted(column, metadata),
    );
    const isKnown = (column: ColumnMetadata): boolean => columns.includes(column) || isTenant(column);
    // A key that the entity does not write, or leaves to a default, may reference a row too.
    const isTold = references.every(({ key }) =>
      key.columns.every(({ own }) => isKnown(own) && (own.default ?? null) === null),
    );
    return isTold ? new InsertForm(metadata, columns, tenants, references) : undefined;
  }

  /** Checks the rules that the builder enforces: where it would throw, it has to. */
  isAllowed(row: ObjectLiteral, policies: PolicyRegistry): boolean {
    const { metadata } = this;
    try {
      for (const tenant of this.tenants) {
        if (tenant.column.getEntityValue(row) !== undefined) return false;
        assertOwnReferences(metadata, tenant, row);
      }
      assertNoGeneratedKey(metadata, row);
      assertParentGiven(metadata, row, policies, () => true);
      return true;
    } catch {
      return false;
    }
  }

  /** Returns the values as they are stored, each read once; undefined if one is SQL or an object in place of a key. */
  valuesOf(row: ObjectLiteral, { driver }: DataSource): InsertValues | undefined {
    const values: unknown[] = [];
    for (const column of this.columns) {
      const given: unknown = column.getEntityValue(row);
      if (typeof given === 'function' || (column.referencedColumn !== undefined && isKeyObject(given)))
        return undefined;
      // A transformer may make a value of undefined.
      const isLeftOut = given === undefined && column.transformer === undefined;
      const stored = isLeftOut ? undefined : (driver.preparePersistentValue(given, column) as unknown);
      if (typeof stored === 'function') return undefined;
      values.push(stored === undefined ? generatedValue(column, driver) : stored);
    }
    return values;
  }
}

/**
 * Checks for a column that the database numbers, and that TypeORM never writes. A key of this kind must not be given,
 * see `assertNoGeneratedKey`.
 */
function isCounted(
  { isGenerated, isPrimary, generationStrategy }: ColumnMetadata,
  { dataSource }: EntityMetadata,
): boolean {
  return isGenerated && !isPrimary && generationStrategy === 'increment' && dataSource.options.type === 'postgres';
}

/** Returns the value that TypeORM generates for a column without one; undefined for the database's default. */
function generatedValue(column: ColumnMetadata, driver: DataSource['driver']): unknown {
  if (column.isVersion) return 1;
  const isUuid = column.isGenerated && column.generationStrategy === 'uuid';
  return isUuid && !driver.isUUIDGenerationSupported() ? RandomGenerator.uuidv4() : undefined;
}

/** Checks for an object in place of a foreign key. */
function isKeyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !ArrayBuffer.isView(value);
}
