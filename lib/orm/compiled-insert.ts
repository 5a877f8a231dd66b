import type { EntityManager, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from '../common/peer-internals.js';
import type { RawRow } from './compiled-select.js';
import { CompiledWrite } from './compiled-write.js';
import type { WriteText } from './compiled-write.js';
import { requireEnforcement } from './enforcement/enforcement.js';
import type { Enforcement } from './enforcement/enforcement.js';
import { comparableKey } from './lookups/foreign-key-check.js';
import { writtenScopeParameter } from './policy/scope-parameters.js';
import { InsertForm } from './writes/insert-form.js';
import type { InsertValues } from './writes/insert-form.js';
import { referenceSql, tenantParameterOf } from './writes/reference-conditions.js';
import { tableNameOf } from './writes/statement-context.js';

/**
 * An insert of one row that is rendered once for each set of columns. The statement itself checks its foreign keys:
 * `INSERT … SELECT … WHERE EXISTS (…) RETURNING …`.
 *
 * @example
 * const stored = await new CompiledInsert({ dataSource, metadata, returned, live: [] }).run(row, manager);
 */
export class CompiledInsert extends CompiledWrite {
  protected readonly kind = 'insert';
  private form: InsertForm | 'none' | undefined;

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
    const { dataSource, metadata, live } = this.parts;
    const enforcement = requireEnforcement(dataSource);
    const form = (this.form ??= InsertForm.of(metadata, enforcement.policies, live) ?? 'none');
    if (form === 'none' || !form.isAllowed(row, enforcement.policies)) return undefined;
    const values = form.valuesOf(row, dataSource);
    if (values === undefined) return undefined;
    if (form.tenants.length === 0 && values.every((value) => value === undefined)) return undefined;
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
    const rows = await this.write(key, () => this.render(form, values, enforcement), parameters, manager);
    return rows?.[0];
  }

  private render(
    { columns, tenants, references }: InsertForm,
    values: InsertValues,
    enforcement: Enforcement,
  ): WriteText {
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
