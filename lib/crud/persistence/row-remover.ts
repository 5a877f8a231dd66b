import { afterCommit } from '../../orm/execution/commit-callbacks.js';
import type { EntityId } from '../model/resource-id.js';
import { loadForWrite, runInTransactionIfNeeded, NO_LINKS } from './write-context.js';
import type { WriteContext } from './write-context.js';

/** Removes rows of a resource, restores soft-deleted ones, and runs its hooks. One instance per operation. */
export class RowRemover<T extends object> {
  constructor(private readonly terms: WriteContext<T>) {}

  async remove(id: EntityId): Promise<void> {
    const { resource, hooks, rows } = this.terms;
    const where = resource.id.whereId(id);
    const precondition = this.terms.takePrecondition();
    if (!hooks.concerns('remove') && precondition.isEmpty && (await rows.removeUnread(where))) return;
    const write = (): Promise<T> =>
      runInTransactionIfNeeded(this.terms, 'remove', NO_LINKS, async (unit) => {
        const row = await loadForWrite(this.terms, 'remove', where, unit);
        const expected = precondition.assert(resource, row);
        await hooks.run('before', 'remove', row, unit.manager);
        await unit.remove(resource.key.whereRow(row), expected);
        await hooks.run('after', 'remove', row, unit.manager);
        return row;
      });
    await afterCommit(write, (removed) => hooks.committed('remove', removed));
  }

  async restore(id: EntityId): Promise<T> {
    const { resource, hooks } = this.terms;
    if (resource.metadata.deleteDateColumn === undefined) {
      throw new TypeError(`${resource.name} has no @DeleteDateColumn(), so it has no soft-deleted rows.`);
    }
    const which = resource.id.whereId(id);
    const write = (): Promise<T> =>
      runInTransactionIfNeeded(this.terms, 'restore', NO_LINKS, async (rows) => {
        await rows.assertOwn(which);
        await rows.restore(which);
        const row = await rows.find(which);
        await hooks.run('after', 'restore', row, rows.manager);
        return row;
      });
    return afterCommit(write, (restored) => hooks.committed('restore', restored));
  }
}
