import type { EntityManager, ObjectLiteral, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from '../common/peer-internals.js';
import type { RawRow } from './compiled-select.js';
import { CompiledWrite } from './compiled-write.js';
import type { CompiledWriteParts, WriteText } from './compiled-write.js';
import { requireEnforcement } from './enforcement/enforcement.js';
import type { Enforcement } from './enforcement/enforcement.js';
import { assertReferencesVisible } from './lookups/foreign-key-check.js';
import { writtenScopeParameter } from './policy/scope-parameters.js';
import { collectLookups, keyColumnsOf } from './writes/foreign-keys.js';
import { InsertForm } from './writes/insert-form.js';
import type { InsertValues } from './writes/insert-form.js';
import { ResolvedKeyValues } from './writes/resolved-key-values.js';
import { matchReturnedRows, setGeneratedUuids } from './writes/returned-rows.js';
import type { ReturnedRows } from './writes/returned-rows.js';
import { tableNameOf } from './writes/statement-context.js';

/** Maximum number of texts of several rows that are kept. Clients send lists of one length, and each text is long. */
const MAX_TEXTS = 4;
/** Maximum number of values of a statement; TypeORM's builder writes longer lists. */
const MAX_VALUES = 4000;

/** A returned row and the values by which it is matched. */
type KeyedRow = Readonly<Record<string, unknown>> & { readonly [ROW]: RawRow };
const ROW: unique symbol = Symbol('row');

/**
 * An insert of several rows, all or none, that is rendered once for each number of rows and set of columns: `INSERT …
 * VALUES (…), (…) RETURNING …`. A lookup for each referenced entity comes before it.
 *
 * @example
 * const stored = await new CompiledBulkInsert({ dataSource, metadata, returned, live: [] }).run(rows, manager);
 */
export class CompiledBulkInsert extends CompiledWrite {
  protected readonly kind = 'insert';
  private form: InsertForm | 'none' | undefined;

  constructor(parts: CompiledWriteParts) {
    super(parts, MAX_TEXTS);
  }

  /**
   * Inserts rows in the current scope.
   *
   * @param rows the values, by property; each gets a UUID that the database would generate as its key
   * @param manager the entity manager of the transaction, or the DataSource's own
   * @returns the returned columns, in the order of the rows; undefined if no row was inserted and TypeORM's builder has
   *   to try, see {@link CompiledWrite}
   * @throws ReferenceUnknownError, SharedRowError
   */
  async run(rows: readonly ObjectLiteral[], manager: EntityManager): Promise<readonly RawRow[] | undefined> {
    const { dataSource, metadata, live } = this.parts;
    if (!(await this.isPossible(manager)) || rows.length * metadata.columns.length > MAX_VALUES) return undefined;
    const enforcement = requireEnforcement(dataSource);
    const { policies } = enforcement;
    const form = (this.form ??= InsertForm.of(metadata, policies, live) ?? 'none');
    if (form === 'none' || !rows.every((row) => form.isAllowed(row, policies))) return undefined;
    setGeneratedUuids(metadata, rows);
    const matched = matchReturnedRows(metadata, rows, undefined);
    const keys = new ResolvedKeyValues(metadata, rows, policies, form.columns, 'insert');
    const values = this.valuesOf(rows, form, keys, enforcement);
    if (matched === undefined || values === undefined || !this.returns(matched)) return undefined;
    const lookups = collectLookups(keys, policies);
    const runner = manager.queryRunner ?? dataSource.createQueryRunner('master');
    try {
      await assertReferencesVisible(lookups, runner);
      const stored = await this.insert(form, values, enforcement, runner);
      return stored && this.inOrder(stored, matched);
    } finally {
      if (runner !== manager.queryRunner) await runner.release();
    }
  }

  /** @returns undefined if the builder has to insert such rows */
  private valuesOf(
    rows: readonly ObjectLiteral[],
    form: InsertForm,
    keys: ResolvedKeyValues,
    { policies }: Enforcement,
  ): readonly InsertValues[] | undefined {
    const { dataSource, metadata } = this.parts;
    const keyNames = keyColumnsOf(metadata, policies).map(({ databaseName }) => databaseName);
    const valueSets: InsertValues[] = [];
    for (const [at, row] of rows.entries()) {
      const values = form.valuesOf(row, dataSource);
      if (values === undefined) return undefined;
      // The written key is the one that is checked: a transformer may return another one when it is called again.
      valueSets.push(
        values.map((value, i) =>
          keyNames.includes(form.columns[i].databaseName) ? keys.given(form.columns[i], at) : value,
        ),
      );
    }
    return valueSets;
  }

  private async insert(
    form: InsertForm,
    valueSets: readonly InsertValues[],
    enforcement: Enforcement,
    runner: QueryRunner,
  ): Promise<readonly RawRow[] | undefined> {
    const parameters: ObjectLiteral = {};
    let key = '';
    valueSets.forEach((values, row) => {
      values.forEach((value, i) => {
        key += value === undefined ? '-' : '1';
        parameters[`value_${row}_${i}`] = value;
      });
    });
    const stored = await this.write(key, () => this.render(form, valueSets, enforcement), parameters, runner.manager);
    if (stored !== undefined && stored.length !== valueSets.length)
      throw new Error(`An insert of ${valueSets.length} rows returned ${stored.length}.`);
    return stored;
  }

  private render(
    { columns, tenants }: InsertForm,
    valueSets: readonly InsertValues[],
    { policies }: Enforcement,
  ): WriteText | undefined {
    const { dataSource, metadata } = this.parts;
    const { driver } = dataSource;
    const written = columns
      .map((column, i) => ({ column, i }))
      .filter(({ i }) => valueSets.some((values) => values[i] !== undefined));
    const names = [...written.map(({ column }) => column), ...tenants.map(({ column }) => column)];
    if (names.length === 0) return undefined;
    const owner = tenants.map(({ key, column }) => `:${writtenScopeParameter(key, column)}`);
    const tuples = valueSets.map((values, row) => {
      const parameters = written.map(({ i }) => (values[i] === undefined ? 'DEFAULT' : `:value_${row}_${i}`));
      return `(${[...parameters, ...owner].join(', ')})`;
    });
    const list = names.map(({ databaseName }) => driver.escape(databaseName)).join(', ');
    const text = `INSERT INTO ${policies.table(metadata)}(${list}) VALUES ${tuples.join(', ')} RETURNING ${this.returning()}`;
    return { text, insert: { table: tableNameOf(metadata), text } };
  }

  private returns({ columns }: ReturnedRows): boolean {
    return columns.every((column) => this.returnedName(column) !== undefined);
  }

  private returnedName(column: ColumnMetadata): string | undefined {
    return this.parts.returned.find((returned) => returned.column === column)?.name;
  }

  private inOrder(stored: readonly RawRow[], { columns, order }: ReturnedRows): readonly RawRow[] {
    const names = columns.map((column) => [column.databaseName, this.returnedName(column)!] as const);
    const keyed = stored.map((row) => ({
      ...Object.fromEntries(names.map(([databaseName, name]) => [databaseName, row[name]])),
      [ROW]: row,
    }));
    return (order(keyed) as readonly KeyedRow[]).map((entry) => entry[ROW]);
  }
}
