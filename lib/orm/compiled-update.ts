import type { EntityManager, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from '../common/peer-internals.js';
import type { RawRow } from './compiled-select.js';
import { CompiledWrite } from './compiled-write.js';
import type { WriteText } from './compiled-write.js';
import { requireEnforcement } from './enforcement/enforcement.js';
import type { Enforcement } from './enforcement/enforcement.js';
import { comparableSql } from './writes/comparable-columns.js';
import { referenceConditions, referenceSql, tenantParameterOf } from './writes/reference-conditions.js';
import type { ReferenceCondition } from './writes/reference-conditions.js';
import { conditionsKey, conditionsSql, conditionValues, trackedColumnsSql } from './writes/row-conditions.js';
import type { RowCondition } from './writes/row-conditions.js';
import { assertOwnCascades, assertParentGiven } from './writes/write-rules.js';

/** A column and its new value as it is stored. */
interface Change {
  readonly column: ColumnMetadata;
  readonly value: unknown;
}

/**
 * An update of one row that is rendered once for each set of columns: `UPDATE … SET … WHERE …` its key, the scope, and
 * that a value differs, `RETURNING …`. The statement itself checks a new foreign key; one that stays is not checked.
 *
 * @example
 * const stored = await new CompiledUpdate({ dataSource, metadata, returned, live: [] }).run(changes, which, manager);
 */
export class CompiledUpdate extends CompiledWrite {
  protected readonly kind = 'update';
  private references: readonly ReferenceCondition[] | 'none' | undefined;

  /**
   * Updates a row of the current scope.
   *
   * @param changes the new values, by column
   * @param which the conditions that identify the row
   * @param manager the entity manager of the transaction, or the DataSource's own
   * @returns the returned columns; undefined if no row was changed: it does not exist, does not change, or must not be
   *   changed, or TypeORM's builder has to change it, see {@link CompiledWrite}
   */
  async run(
    changes: ReadonlyMap<ColumnMetadata, unknown>,
    which: readonly RowCondition[],
    manager: EntityManager,
  ): Promise<RawRow | undefined> {
    if (!(await this.isPossible(manager))) return undefined;
    const { dataSource, metadata, live } = this.parts;
    const enforcement = requireEnforcement(dataSource);
    this.references ??= referenceConditions(metadata, enforcement.policies, live) ?? 'none';
    const written = this.changesOf(changes);
    if (this.references === 'none' || written === undefined) return undefined;
    const { references } = this;
    const parameters: ObjectLiteral = conditionValues(which);
    const key: string[] = [];
    for (const { column, value } of written) {
      const { databaseName } = column;
      const i = metadata.columns.indexOf(column);
      key.push(`${databaseName}${value === null ? ' is null' : ''}`);
      for (const name of [`value_${i}`, `compared_${i}`, `kept_${i}`, `key_${i}`]) parameters[name] = value;
    }
    key.push(conditionsKey(which));
    const render = (): WriteText | undefined => this.render(written, which, references, enforcement);
    return (await this.write(key.join(), render, parameters, manager))?.[0];
  }

  /** Returns the changes in the order of the columns; undefined if the builder has to write one of them. */
  private changesOf(changes: ReadonlyMap<ColumnMetadata, unknown>): readonly Change[] | undefined {
    const { dataSource, metadata } = this.parts;
    const { policies } = requireEnforcement(dataSource);
    const tenants = policies.tenantColumns(metadata).map(({ column }) => column.databaseName);
    const written: Change[] = [];
    for (const column of metadata.columns) {
      const given = changes.get(column);
      if (given === undefined) {
        if (changes.has(column)) return undefined;
        continue;
      }
      if (!column.isUpdate || column.isPrimary || tenants.includes(column.databaseName)) return undefined;
      if (typeof given === 'function' || comparableSql(column, dataSource.driver) === undefined) return undefined;
      written.push({ column, value: dataSource.driver.preparePersistentValue(given, column) });
    }
    return written.length === changes.size && written.length > 0 ? written : undefined;
  }

  private render(
    written: readonly Change[],
    which: readonly RowCondition[],
    references: readonly ReferenceCondition[],
    enforcement: Enforcement,
  ): WriteText | undefined {
    const { policies } = enforcement;
    const { dataSource, metadata } = this.parts;
    const { driver } = dataSource;
    if (!this.isAllowed(written, enforcement)) return undefined;
    const checks = this.referenceChecks(written, references, enforcement);
    if (checks === undefined) return undefined;
    const nameOf = ({ databaseName }: ColumnMetadata): string => driver.escape(databaseName);
    const indexOf = (column: ColumnMetadata): number => metadata.columns.indexOf(column);
    const set = written.map(({ column }) => `${nameOf(column)} = :value_${indexOf(column)}`);
    const isSet = (column: ColumnMetadata): boolean => written.some((change) => change.column === column);
    set.push(...trackedColumnsSql(metadata, driver, isSet));
    const differs = written.map(
      ({ column }) => `${comparableSql(column, driver)!} IS DISTINCT FROM :compared_${indexOf(column)}`,
    );
    const table = policies.table(metadata);
    const conditions = [
      policies.predicateFor(metadata, table, 'own'),
      conditionsSql(which, driver),
      differs.join(' OR '),
      ...checks,
    ];
    const where = conditions.filter((condition) => condition !== '').map((condition) => `( ${condition} )`);
    return {
      text: `UPDATE ${table} SET ${set.join(', ')} WHERE ${where.join(' AND ')} RETURNING ${this.returning()}`,
    };
  }

  /** Checks the rules that the builder enforces: where it would throw, it has to. */
  private isAllowed(written: readonly Change[], { policies }: Enforcement): boolean {
    const { metadata } = this.parts;
    const columns = written.map(({ column }) => column);
    const names = columns.map(({ databaseName }) => databaseName);
    const values: ObjectLiteral = {};
    for (const { column, value } of written) column.setEntityValue(values, value);
    try {
      assertParentGiven(metadata, values, policies, ({ databaseName }) => names.includes(databaseName));
      assertOwnCascades(metadata, columns, policies);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Renders the conditions that each written reference stays or is to a visible row.
   *
   * @returns undefined if only a part of a foreign key is written
   */
  private referenceChecks(
    written: readonly Change[],
    references: readonly ReferenceCondition[],
    { policies }: Enforcement,
  ): readonly string[] | undefined {
    const { dataSource, metadata } = this.parts;
    const { driver } = dataSource;
    const indexOf = (column: ColumnMetadata): number => metadata.columns.indexOf(column);
    const checks: string[] = [];
    for (const reference of references) {
      const parts = reference.key.columns
        .map(({ own }) => own)
        .filter((own) => tenantParameterOf(own, metadata, policies) === undefined);
      const set = parts.map((own) => written.find(({ column }) => column === own));
      if (set.every((change) => change === undefined)) continue;
      if (set.includes(undefined)) return undefined;
      if (set.some((change) => change!.value === null)) continue;
      const stays = parts.map((own) => `${driver.escape(own.databaseName)} IS NOT DISTINCT FROM :kept_${indexOf(own)}`);
      const exists = referenceSql(
        reference,
        `muck_reference_${checks.length}`,
        policies,
        (own) => tenantParameterOf(own, metadata, policies) ?? `key_${indexOf(own)}`,
      );
      // An application cannot compare a key without a property, so it counts as changed.
      const isCompared = parts.every(({ isVirtual }) => !isVirtual);
      checks.push(isCompared ? `(${stays.join(' AND ')}) OR ${exists}` : exists);
    }
    return checks;
  }
}
