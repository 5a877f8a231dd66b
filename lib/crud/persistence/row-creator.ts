import { afterCommit } from '../../orm/execution/commit-callbacks.js';
import { serverOwnedErrorsOnCreate } from './server-owned-fields.js';
import type { ColumnValues } from '../model/column-values.js';
import { mapCollectingErrors } from '../errors/collect-element-errors.js';
import { bulkInsert } from './bulk-insert.js';
import { assertTreePositionKept } from '../model/tree-entities.js';
import { assertNotSoftDeleted } from './soft-deleted-reference-check.js';
import { LinkChanges } from './link-changes.js';
import { parseLinks } from '../links/link-field.js';
import type { LinkInput } from '../links/link-field.js';
import { assertRowColumns } from '../resource/child-entity-columns.js';
import { setColumnValue } from '../model/resource-column.js';
import { assertShown, shownOnNewRow } from './non-column-values.js';
import { buildRow, readWritableValues, assertRequiredValues, applyConstraints } from './row-draft.js';
import type { RowStatements } from './row-statements.js';
import { runInTransaction, runInTransactionIfNeeded, outsideNarrowing, throwIfInvalid } from './write-context.js';
import type { WriteContext } from './write-context.js';

/** The input of a new row. */
interface Offer {
  readonly columns: ColumnValues;
  readonly links: LinkInput;
}

/** A new row and its links. */
interface Draft<T extends object> {
  readonly draft: T;
  readonly links: LinkChanges<T>;
}

/** Creates rows of a resource and runs its hooks. One instance per operation. */
export class RowCreator<T extends object> {
  constructor(private readonly terms: WriteContext<T>) {}

  /** @returns the row as stored */
  async create(values: object): Promise<T> {
    const { resource, consumeServerOwnedFields, takeUndecided, hooks } = this.terms;
    const [undecided = {}] = takeUndecided();
    if (resource.strictPayload)
      throwIfInvalid([...serverOwnedErrorsOnCreate(resource, consumeServerOwnedFields()), ...shownOnNewRow(undecided)]);
    const offer = this.read(values);
    // Hooks, links and such properties need the row before it is inserted, or statements after that.
    const isPlain = !hooks.needsTransaction('create') && offer.links.size === 0 && Object.keys(undecided).length === 0;
    const insert = async (rows: RowStatements<T>): Promise<T> => {
      const stored = isPlain ? await rows.insertReturning((await this.draft(offer, rows)).draft) : undefined;
      if (stored !== undefined) return stored;
      await assertNotSoftDeleted(resource, rows.manager, [offer.columns]);
      const { draft, links } = await this.draft(offer, rows);
      await rows.insert(draft);
      const row = await rows.find(resource.key.whereRow(draft));
      assertShown(resource, row, undecided);
      await links.write(row, rows.manager);
      await hooks.run('after', 'create', row, rows.manager);
      return row;
    };
    // The transaction rolls back if the stored row does not expose such a property.
    const write = (): Promise<T> =>
      Object.keys(undecided).length > 0
        ? runInTransaction(this.terms, 'create', insert)
        : runInTransactionIfNeeded(this.terms, 'create', offer.links, insert);
    return afterCommit(write, (stored) => hooks.committed('create', stored));
  }

  /**
   * Creates all rows or none, in one transaction.
   *
   * @returns the rows as stored, in the order of `list`
   */
  async createMany(list: readonly object[]): Promise<T[]> {
    const { resource, takeUndecided, hooks } = this.terms;
    const undecided = takeUndecided();
    const offers = await mapCollectingErrors(list, (values) => this.read(values));
    const isPlain =
      !hooks.needsTransaction('create') &&
      offers.every(({ links }) => links.size === 0) &&
      undecided.every((values) => Object.keys(values).length === 0);
    const write = async (): Promise<T[]> => {
      const stored = isPlain && offers.length > 0 ? await this.insertAll(offers) : undefined;
      if (stored !== undefined) return stored;
      return runInTransaction(this.terms, 'create', async (rows) => {
        const drafts = await this.drafts(offers, rows);
        const inserted = await bulkInsert(
          resource,
          rows,
          drafts.map(({ draft }) => draft),
        );
        const created = await rows.findAll(inserted);
        await mapCollectingErrors([...created.entries()], ([index, row]) =>
          assertShown(resource, row, undecided[index]),
        );
        for (const [index, row] of created.entries()) await drafts[index].links.write(row, rows.manager);
        for (const row of created) await hooks.run('after', 'create', row, rows.manager);
        return created;
      });
    };
    return afterCommit(write, async (stored) => {
      for (const row of stored) await hooks.committed('create', row);
    });
  }

  /** @returns undefined if no row was inserted: the transaction has to insert them, or to tell what is wrong */
  private async insertAll(offers: readonly Offer[]): Promise<T[] | undefined> {
    const { rows } = this.terms;
    const drafts = await this.drafts(offers, rows);
    return rows.insertAllReturning(drafts.map(({ draft }) => draft));
  }

  private async drafts(offers: readonly Offer[], rows: RowStatements<T>): Promise<Draft<T>[]> {
    await assertNotSoftDeleted(
      this.terms.resource,
      rows.manager,
      offers.map(({ columns }) => columns),
    );
    return mapCollectingErrors(offers, (offer) => this.draft(offer, rows));
  }

  private read(values: object): Offer {
    const { resource, narrowing } = this.terms;
    assertTreePositionKept(resource.metadata);
    const columns = readWritableValues(resource, values);
    assertRowColumns(resource, resource.entity.prototype as object, (column) => columns.has(column));
    if (resource.strictPayload) throwIfInvalid(outsideNarrowing(narrowing, columns));
    return { columns, links: parseLinks(resource.linkFields, values) };
  }

  /**
   * Builds a new row and runs the hooks. Changes of hooks to server-owned columns and to the row constraints are
   * reverted.
   */
  private async draft(offer: Offer, rows: RowStatements<T>): Promise<Draft<T>> {
    const { resource, narrowing, hooks } = this.terms;
    const draft = buildRow(resource, offer.columns, narrowing);
    const own = resource.columns
      .filter(({ writableBy }) => writableBy === 'server')
      .map((column) => ({ column, value: column.metadata.getEntityValue(draft) as unknown }));
    await hooks.run('before', 'create', draft, rows.manager);
    for (const { column, value } of own) {
      if (column.metadata.getEntityValue(draft) !== value) setColumnValue(draft, column, value);
    }
    assertRowColumns(resource, draft, ({ metadata }) => (metadata.getEntityValue(draft) ?? null) !== null);
    applyConstraints(draft, narrowing);
    assertRequiredValues(resource, draft);
    return { draft, links: await LinkChanges.find(resource, rows.manager, undefined, offer.links) };
  }
}
