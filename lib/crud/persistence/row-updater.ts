import { afterCommit } from '../../orm/execution/commit-callbacks.js';
import { serverOwnedErrorsOnUpdate } from './server-owned-fields.js';
import type { ColumnValues } from '../model/column-values.js';
import type { Condition } from '../model/column-conditions.js';
import type { RowChanges } from '../options/crud-hooks.interface.js';
import type { EntityId } from '../model/resource-id.js';
import { columnsOfOthers, assertRowColumns } from '../resource/child-entity-columns.js';
import { assertTreePositionKept } from '../model/tree-entities.js';
import { assertNotSoftDeleted } from './soft-deleted-reference-check.js';
import { LinkChanges } from './link-changes.js';
import { parseLinks } from '../links/link-field.js';
import type { LinkInput } from '../links/link-field.js';
import { hasVersionOrUpdateDate } from './link-writer.js';
import { changedValues, RowChange } from './row-change.js';
import { readWritableValues, replacementValues } from './row-draft.js';
import { hasAccessor, isChangeable } from '../model/resource-column.js';
import { InvalidRequestException } from '../errors/invalid-request.exception.js';
import type { RowStatements } from './row-statements.js';
import { assertShown } from './non-column-values.js';
import { loadForWrite, runInTransactionIfNeeded, outsideNarrowing, throwIfInvalid } from './write-context.js';
import type { WriteContext } from './write-context.js';

/** The result of an update. */
interface Changed<T> {
  readonly row: T;
  /** Undefined if no column changed. */
  readonly details?: RowChanges<T>;
}

/** Replaces and updates rows of a resource and runs its hooks. One instance per operation. */
export class RowUpdater<T extends object> {
  constructor(private readonly terms: WriteContext<T>) {}

  replace(id: EntityId, values: object): Promise<T> {
    const { resource, narrowing } = this.terms;
    return this.change('replace', id, values, (offered) => replacementValues(resource, offered, narrowing));
  }

  update(id: EntityId, values: object): Promise<T> {
    return this.change('update', id, values, (offered) => offered);
  }

  private async change(
    write: 'replace' | 'update',
    id: EntityId,
    values: object,
    complete: (offered: ColumnValues) => ColumnValues,
  ): Promise<T> {
    const { resource, narrowing, consumeServerOwnedFields, takeUndecided, takePrecondition, hooks } = this.terms;
    const precondition = takePrecondition();
    const [undecided] = takeUndecided();
    const which = resource.id.whereId(id);
    const offered = readWritableValues(resource, values);
    const links = parseLinks(resource.linkFields, values);
    const serverOwned = resource.strictPayload ? consumeServerOwnedFields() : {};
    const isPlain =
      !hooks.concerns(write) &&
      links.size === 0 &&
      precondition.isEmpty &&
      Object.keys({ ...undecided, ...serverOwned }).length === 0;
    const updated = isPlain ? await this.changeUnread(which, offered, complete) : undefined;
    if (updated !== undefined) return updated;
    const work = (): Promise<Changed<T>> =>
      runInTransactionIfNeeded(this.terms, write, links, async (rows) => {
        const stored = await loadForWrite(this.terms, write, which, rows, links);
        assertShown(resource, stored, undecided);
        const expected = precondition.assert(resource, stored);
        if (resource.strictPayload) {
          throwIfInvalid([
            ...serverOwnedErrorsOnUpdate(resource, serverOwned, stored),
            ...outsideNarrowing(narrowing, offered),
          ]);
        }
        assertRowColumns(resource, stored, (column) => offered.has(column));
        const columns = new Map(complete(offered));
        for (const column of columnsOfOthers(resource, stored)) columns.delete(column);
        return this.apply(write, { stored, expected }, { columns, links }, rows);
      });
    const { row } = await afterCommit(work, async (changed) => {
      if (changed.details !== undefined) await hooks.committed(write, changed.row, changed.details);
    });
    return row;
  }

  /**
   * Changes a row without reading it before.
   *
   * @returns undefined if the row has to be read: to change it, or to tell why it must not be changed
   */
  private async changeUnread(
    which: readonly Condition[],
    offered: ColumnValues,
    complete: (offered: ColumnValues) => ColumnValues,
  ): Promise<T | undefined> {
    const { resource, narrowing, rows } = this.terms;
    if (resource.strictPayload && outsideNarrowing(narrowing, offered).length > 0) return undefined;
    const changes = new Map(
      [...completedOrNone(offered, complete)].filter(([column]) => !narrowing.values.has(column)),
    );
    const isPlain = [...changes.keys()].every((column) => isChangeable(column) && !hasAccessor(column));
    return isPlain && changes.size > 0 ? rows.updateReturning(which, changes) : undefined;
  }

  private async apply(
    write: 'replace' | 'update',
    { stored: previous, expected }: { readonly stored: T; readonly expected: readonly Condition[] },
    values: { readonly columns: ColumnValues; readonly links: LinkInput },
    rows: RowStatements<T>,
  ): Promise<Changed<T>> {
    const { resource, narrowing, hooks } = this.terms;
    const change = new RowChange(resource, previous, values.columns, narrowing);
    const links = await LinkChanges.find(resource, rows.manager, previous, values.links);
    await hooks.run('before', write, change.next, rows.manager, {
      previous,
      changes: { ...change.toPlain(), ...links.plain() },
    });
    await change.runListeners();
    assertRowColumns(resource, previous, ({ metadata }) => (metadata.getEntityValue(change.next) ?? null) !== null);
    const written = change.changedValues();
    if (written === undefined && links.isEmpty) return { row: previous };
    assertTreePositionKept(resource.metadata, written ?? {});
    // An unchanged reference may point to a row that has been soft-deleted since, so only changed ones are checked.
    const changed = [...values.columns].filter(
      ([{ metadata }]) => metadata.getEntityValue(written ?? {}) !== undefined,
    );
    await assertNotSoftDeleted(resource, rows.manager, [new Map(changed)]);
    // By primary key, because the id in the path may be a column that changes.
    const key = resource.key.whereRow(previous);
    // A change of links also updates the row's version or update date.
    if (written !== undefined || hasVersionOrUpdateDate(resource.metadata))
      await rows.update(key, written ?? {}, expected);
    await links.write(previous, rows.manager);
    const row = await rows.find(key);
    const details = { previous, changes: { ...changedValues(row, written ?? {}), ...links.plain() } };
    await hooks.run('after', write, row, rows.manager, details);
    return { row, details };
  }
}

/** Returns no values if some are missing: whether the row exists is to be told first. */
function completedOrNone(offered: ColumnValues, complete: (offered: ColumnValues) => ColumnValues): ColumnValues {
  try {
    return complete(offered);
  } catch (error) {
    if (error instanceof InvalidRequestException) return new Map();
    throw error;
  }
}
