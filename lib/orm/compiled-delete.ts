import type { EntityManager } from 'typeorm';
import { CompiledWrite } from './compiled-write.js';
import type { CompiledWriteParts, WriteText } from './compiled-write.js';
import type { Enforcement } from './enforcement/enforcement.js';
import { conditionsKey, conditionsSql, conditionValues, trackedColumnsSql } from './writes/row-conditions.js';
import type { RowCondition } from './writes/row-conditions.js';

/**
 * A delete of one row that is rendered once: `DELETE … WHERE …` its key and the scope, `RETURNING …`. For an entity
 * with a delete date column it is the update that soft-deletes the row.
 *
 * @example
 * const isGone = await new CompiledDelete({ dataSource, metadata, returned, live: [] }).run(which, manager);
 */
export class CompiledDelete extends CompiledWrite {
  protected readonly kind: 'update' | 'delete';

  constructor(parts: CompiledWriteParts) {
    super(parts);
    this.kind = parts.metadata.deleteDateColumn === undefined ? 'delete' : 'update';
  }

  /**
   * Deletes a row of the current scope.
   *
   * @param which the conditions that identify the row
   * @param manager the entity manager of the transaction, or the DataSource's own
   * @returns false if no row was deleted: it does not exist, or TypeORM's builder has to delete it, or to tell why it
   *   must not be deleted, see {@link CompiledWrite}
   */
  async run(which: readonly RowCondition[], manager: EntityManager): Promise<boolean> {
    if (!(await this.isPossible(manager))) return false;
    const render = (enforcement: Enforcement): WriteText => this.render(which, enforcement);
    return (await this.write(conditionsKey(which), render, conditionValues(which), manager)) !== undefined;
  }

  private render(which: readonly RowCondition[], { policies }: Enforcement): WriteText {
    const { dataSource, metadata } = this.parts;
    const { driver } = dataSource;
    const { deleteDateColumn } = metadata;
    const table = policies.table(metadata);
    const deletedAt = deleteDateColumn && driver.escape(deleteDateColumn.databaseName);
    const conditions = [
      policies.predicateFor(metadata, table, 'own'),
      conditionsSql(which, driver),
      deletedAt === undefined ? '' : `${deletedAt} IS NULL`,
    ].filter((condition) => condition !== '');
    const where = conditions.map((condition) => `( ${condition} )`).join(' AND ');
    const rest = `WHERE ${where} RETURNING ${this.returning()}`;
    if (deletedAt === undefined) return { text: `DELETE FROM ${table} ${rest}` };
    const set = [`${deletedAt} = CURRENT_TIMESTAMP`, ...trackedColumnsSql(metadata, driver, () => false)];
    return { text: `UPDATE ${table} SET ${set.join(', ')} ${rest}` };
  }
}
