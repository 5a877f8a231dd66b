import { badRequest } from './bad-request.js';
import { falseClaimsOnNewRow, falseClaimsOnRow } from './claims.js';
import type { ColumnValues } from './column-values.js';
import type { Condition } from './conditions.js';
import type { HookedWrite, RowChanges } from './hooks/crud-hooks.js';
import type { HookChain } from './hooks/hook-chain.js';
import type { Narrowing } from './narrowing.js';
import { bodyProblem } from './problem.js';
import type { Problem } from './problem.js';
import type { EntityId } from './resource-id.js';
import type { Resource } from './resource.js';
import { changedValues, RowChange } from './row-change.js';
import { draftRow, offeredValues, replacementValues, requireComplete, stamp } from './row-draft.js';
import type { Rows } from './rows.js';
import { isSameValue } from './same-value.js';
import { setColumnValue } from './resource-column.js';

/** What a write works on, and what it is bound by. */
export interface WriteTerms<T extends object> {
  readonly resource: Resource<T>;
  readonly narrowing: Narrowing;
  readonly rows: Rows<T>;
  readonly hooks: HookChain<T>;
  /** What the request's body says of columns that the server owns; taken once. */
  readonly takeClaims: () => Readonly<Record<string, unknown>>;
}

/** What an update came to. */
interface Changed<T> {
  readonly row: T;
  /** Undefined where nothing had to be written. */
  readonly details?: RowChanges<T>;
}

/** The writes of a resource, each with what hooks have to say to it: one call's. */
export class RowWriter<T extends object> {
  constructor(private readonly terms: WriteTerms<T>) {}

  async create(values: object): Promise<T> {
    const { resource, narrowing, takeClaims, hooks } = this.terms;
    const offered = offeredValues(resource, values);
    if (resource.strictPayload) {
      refuse([...falseClaimsOnNewRow(resource, takeClaims()), ...outsideNarrowing(narrowing, offered)]);
    }
    const stored = await this.unit('create', async (rows) => {
      const draft = draftRow(resource, offered, narrowing);
      await this.prepare(draft, rows);
      await rows.insert(draft);
      const row = await rows.find(resource.key.conditionsOf(draft));
      await hooks.run('after', 'create', row, rows.manager);
      return row;
    });
    await hooks.committed('create', stored);
    return stored;
  }

  replace(id: EntityId, values: object): Promise<T> {
    const { resource, narrowing } = this.terms;
    return this.change('replace', id, values, (offered) => replacementValues(resource, offered, narrowing));
  }

  update(id: EntityId, values: object): Promise<T> {
    return this.change('update', id, values, (offered) => offered);
  }

  async remove(id: EntityId): Promise<void> {
    const { resource, hooks } = this.terms;
    const which = resource.id.conditionsFor(id);
    const removed = await this.unit('remove', async (rows) => {
      const row = await this.find('remove', which, rows);
      await hooks.run('before', 'remove', row, rows.manager);
      await rows.remove(resource.key.conditionsOf(row));
      await hooks.run('after', 'remove', row, rows.manager);
      return row;
    });
    await hooks.committed('remove', removed);
  }

  private async change(
    write: 'replace' | 'update',
    id: EntityId,
    values: object,
    complete: (offered: ColumnValues) => ColumnValues,
  ): Promise<T> {
    const { resource, narrowing, takeClaims, hooks } = this.terms;
    const which = resource.id.conditionsFor(id);
    const offered = offeredValues(resource, values);
    const { row, details } = await this.unit(write, async (rows) => {
      const stored = await this.find(write, which, rows);
      if (resource.strictPayload) {
        refuse([...falseClaimsOnRow(resource, takeClaims(), stored), ...outsideNarrowing(narrowing, offered)]);
      }
      return this.apply(write, stored, complete(offered), rows);
    });
    if (details !== undefined) await hooks.committed(write, row, details);
    return row;
  }

  private async apply(
    write: 'replace' | 'update',
    previous: T,
    values: ColumnValues,
    rows: Rows<T>,
  ): Promise<Changed<T>> {
    const { resource, narrowing, hooks } = this.terms;
    const change = new RowChange(resource, previous, values, narrowing);
    await hooks.run('before', write, change.next, rows.manager, { previous, changes: change.plain() });
    await change.listen();
    const written = change.written();
    if (written === undefined) return { row: previous };
    // By its key: what stands in the path may be among the changes.
    const key = resource.key.conditionsOf(previous);
    await rows.update(key, written);
    const row = await rows.find(key);
    const details = { previous, changes: changedValues(row, written) };
    await hooks.run('after', write, row, rows.manager, details);
    return { row, details };
  }

  /** Lets hooks change a new row: what they say of the server's columns and of the narrowing has no effect. */
  private async prepare(draft: T, rows: Rows<T>): Promise<void> {
    const { resource, narrowing, hooks } = this.terms;
    const own = resource.columns
      .filter(({ owner }) => owner === 'server')
      .map((column) => ({ column, value: column.metadata.getEntityValue(draft) as unknown }));
    await hooks.run('before', 'create', draft, rows.manager);
    for (const { column, value } of own) {
      if (column.metadata.getEntityValue(draft) !== value) setColumnValue(draft, column, value);
    }
    stamp(draft, narrowing);
    requireComplete(resource, draft);
  }

  /** A row that is going to change; for hooks it stays as they see it until the end of the transaction. */
  private find(write: HookedWrite, which: readonly Condition[], rows: Rows<T>): Promise<T> {
    return this.terms.hooks.needsTransaction(write) ? rows.findForChange(which) : rows.find(which);
  }

  /** Runs a write, in a transaction where something has to be undone with it. */
  private unit<R>(write: HookedWrite, work: (rows: Rows<T>) => Promise<R>): Promise<R> {
    const { hooks, rows } = this.terms;
    return hooks.needsTransaction(write) ? rows.inTransaction(work) : work(rows);
  }
}

/** Fields that say something else than the narrowing that is stamped on them. */
function outsideNarrowing(narrowing: Narrowing, offered: ColumnValues): Problem[] {
  return [...narrowing.values]
    .filter(([column, value]) => offered.has(column) && !isSameValue(offered.get(column), value))
    .map(([{ property }]) => bodyProblem(property, `${property} is not the client's to say`, 'serverOwned'));
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw badRequest(problems);
}
