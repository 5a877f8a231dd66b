import type { EntityManager, ObjectLiteral } from 'typeorm';
import { RandomGenerator } from '../common/peer-internals.js';
import type { ColumnMetadata } from '../common/peer-internals.js';
import type { RawRow } from './compiled-select.js';
import { CompiledWrite } from './compiled-write.js';
import type { WriteText } from './compiled-write.js';
import { requireEnforcement } from './enforcement/enforcement.js';
import type { Enforcement } from './enforcement/enforcement.js';
import { comparableKey } from './lookups/foreign-key-check.js';
import { writtenScopeParameter } from './policy/scope-parameters.js';
import type { TenantColumn } from './policy/tenant-policy.js';
import { referenceConditions, referenceSql, tenantParameterOf } from './writes/reference-conditions.js';
import type { ReferenceCondition } from './writes/reference-conditions.js';
import { tableNameOf } from './writes/statement-context.js';
import { assertNoGeneratedKey, assertOwnReferences, assertParentGiven } from './writes/write-rules.js';

/** What is known of the inserts of an entity. */
interface InsertForm {
  readonly columns: readonly ColumnMetadata[];
  readonly tenants: readonly TenantColumn[];
  readonly references: readonly ReferenceCondition[];
}

/** The values of a row: undefined for a column that gets its default. */
type Values = readonly unknown[];

/**
 * An insert of one row that is rendered once for each set of columns. The statement itself checks its foreign keys:
 * `INSERT … SELECT … WHERE EXISTS (…) RETURNING …`.
 *
 * @example
 * const stored = await new CompiledInsert({ dataSource, metadata, returned, live: [] }).run(row, manager);
 */
export class CompiledInsert extends CompiledWrite {
  protected readonly kind = 'insert';
  private known: InsertForm | 'none' | undefined;

  /**
   * Inserts a row in the current scope.
   *
   * @param row the values, by property
   * @param manager the entity manager of the transaction, or the DataSource's own
   * @returns the returned columns; undefined if no row was inserted and TypeORM's builder has to try, see {@link
   *   CompiledWrite}
   */
  async run(row: ObjectLiteral, manager: EntityManager): Promise<RawRow | undefined> {
    if (!(await this.isPossible(manager))) return undefined;
    const enforcement = requireEnforcement(this.parts.dataSource);
    const form = (this.known ??= this.form(enforcement) ?? 'none');
    if (form === 'none' || !this.isAllowed(row, form, enforcement)) return undefined;
    const values = this.valuesOf(row, form);
    if (values === undefined || form.tenants.length + values.length === 0) return undefined;
    const parameters: ObjectLiteral = {};
    let key = '';
    values.forEach((value, i) => {
      key += value === undefined ? '-' : value === null ? '0' : '1';
      parameters[`value_${i}`] = value;
    });
    for (const reference of form.references) {
      for (const { own, referenced } of reference.key.columns) {
        const i = form.columns.indexOf(own);
        if (i !== -1) parameters[`key_${i}`] = comparableKey(values[i], referenced);
      }
    }
    return this.write(key, () => this.render(form, values, enforcement), parameters, manager);
  }

  private form({ policies }: Enforcement): InsertForm | undefined {
    const { metadata, live } = this.parts;
    const tenants = policies.tenantColumns(metadata);
    const references = referenceConditions(metadata, policies, live);
    if (references === undefined) return undefined;
    const isTenant = (column: ColumnMetadata): boolean =>
      tenants.some((tenant) => tenant.column.databaseName === column.databaseName);
    const columns = metadata.columns.filter((column) => column.isInsert && !isTenant(column));
    const isKnown = (column: ColumnMetadata): boolean => columns.includes(column) || isTenant(column);
    // A key that the entity does not write, or leaves to a default, may reference a row too.
    const isTold = references.every(({ key }) =>
      key.columns.every(({ own }) => isKnown(own) && (own.default ?? null) === null),
    );
    return isTold ? { columns, tenants, references } : undefined;
  }

  /** Checks the rules that the builder enforces: where it would throw, it has to. */
  private isAllowed(row: ObjectLiteral, { tenants }: InsertForm, { policies }: Enforcement): boolean {
    const { metadata } = this.parts;
    try {
      for (const tenant of tenants) {
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
  private valuesOf(row: ObjectLiteral, { columns }: InsertForm): Values | undefined {
    const { driver } = this.parts.dataSource;
    const values: unknown[] = [];
    for (const column of columns) {
      const given: unknown = column.getEntityValue(row);
      if (typeof given === 'function' || (column.referencedColumn !== undefined && isKeyObject(given)))
        return undefined;
      // A transformer may make a value of undefined.
      const isLeftOut = given === undefined && column.transformer === undefined;
      const stored = isLeftOut ? undefined : (driver.preparePersistentValue(given, column) as unknown);
      if (typeof stored === 'function') return undefined;
      values.push(stored === undefined ? this.generated(column) : stored);
    }
    return values;
  }

  /** Returns the value that TypeORM generates for a column without one; undefined for the database's default. */
  private generated(column: ColumnMetadata): unknown {
    if (column.isVersion) return 1;
    const isUuid = column.isGenerated && column.generationStrategy === 'uuid';
    return isUuid && !this.parts.dataSource.driver.isUUIDGenerationSupported() ? RandomGenerator.uuidv4() : undefined;
  }

  private render({ columns, tenants, references }: InsertForm, values: Values, enforcement: Enforcement): WriteText {
    const { policies } = enforcement;
    const { metadata } = this.parts;
    const { driver } = this.parts.dataSource;
    const written = columns.map((column, i) => ({ column, i })).filter(({ i }) => values[i] !== undefined);
    const names = [...written.map(({ column }) => column), ...tenants.map(({ column }) => column)];
    const parameters = [
      ...written.map(({ i }) => `:value_${i}`),
      // Not the parameter of the predicates: PostgreSQL infers one type for each, and the columns' types may differ.
      ...tenants.map(({ key, column }) => `:${writtenScopeParameter(key, column)}`),
    ];
    const isGiven = (own: ColumnMetadata): boolean => (values[columns.indexOf(own)] ?? null) !== null;
    const isTenant = (own: ColumnMetadata): boolean => !columns.includes(own);
    const conditions = references
      .filter(({ key }) => key.columns.every(({ own }) => isTenant(own) || isGiven(own)))
      .map((reference, i) =>
        referenceSql(
          reference,
          `muck_reference_${i}`,
          policies,
          (own) => tenantParameterOf(own, metadata, policies) ?? `key_${columns.indexOf(own)}`,
        ),
      );
    const table = policies.table(metadata);
    const into = `INSERT INTO ${table}(${names.map(({ databaseName }) => driver.escape(databaseName)).join(', ')})`;
    const from = enforcement.dialect === 'mysql' ? ' FROM DUAL' : '';
    const source =
      conditions.length === 0
        ? `VALUES (${parameters.join(', ')})`
        : `SELECT ${parameters.join(', ')}${from} WHERE ${conditions.join(' AND ')}`;
    const text = `${into} ${source} RETURNING ${this.returning()}`;
    return { text, insert: { table: tableNameOf(metadata), text } };
  }
}

/** Checks for an object in place of a foreign key. */
function isKeyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !ArrayBuffer.isView(value);
}
