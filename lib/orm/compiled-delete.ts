import type { EntityManager, ObjectLiteral } from 'typeorm';
import type { RowCondition } from './compiled-update.js';
import { CompiledWrite } from './compiled-write.js';
import type { CompiledWriteParts, WriteText } from './compiled-write.js';
import type { Enforcement } from './enforcement/enforcement.js';

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
    const parameters: ObjectLiteral = {};
    let key = '';
    which.forEach(({ column, parameter }, i) => {
      key += `${column.databaseName}${parameter === null ? ' is null' : ''},`;
      parameters[`condition_${i}`] = parameter;
    });
    const row = await this.write(key, (enforcement) => this.render(which, enforcement), parameters, manager);
    return row !== undefined;
  }

  private render(which: readonly RowCondition[], { policies }: Enforcement): WriteText {
    const { dataSource, metadata } = this.parts;
    const { driver } = dataSource;
    const { deleteDateColumn, versionColumn, updateDateColumn } = metadata;
    const table = policies.table(metadata);
    const identified = which.map(({ column, parameter }, i) => {
      const name = driver.escape(column.databaseName);
      return parameter === null ? `${name} IS NULL` : `${name} = :condition_${i}`;
    });
    const limit = policies.predicateFor(metadata, table, 'own');
    if (deleteDateColumn !== undefined) identified.push(`${driver.escape(deleteDateColumn.databaseName)} IS NULL`);
    const conditions = [limit, identified.join(' AND ')].filter((condition) => condition !== '');
    const where = conditions.map((condition) => `( ${condition} )`).join(' AND ');
    const rest = `WHERE ${where} RETURNING ${this.returning()}`;
    if (deleteDateColumn === undefined) return { text: `DELETE FROM ${table} ${rest}` };
    // As TypeORM does.
    const set = [`${driver.escape(deleteDateColumn.databaseName)} = CURRENT_TIMESTAMP`];
    if (versionColumn !== undefined) {
      const version = driver.escape(versionColumn.databaseName);
      set.push(`${version} = ${version} + 1`);
    }
    if (updateDateColumn !== undefined) set.push(`${driver.escape(updateDateColumn.databaseName)} = CURRENT_TIMESTAMP`);
    return { text: `UPDATE ${table} SET ${set.join(', ')} ${rest}` };
  }
}
