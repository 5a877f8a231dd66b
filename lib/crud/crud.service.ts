import { NotFoundException } from '@nestjs/common';
import { badRequest } from './bad-request.js';
import { falseClaimsOnNewRow, falseClaimsOnRow } from './claims.js';
import type { ColumnValues } from './column-values.js';
import type { Narrowing } from './narrowing.js';
import type { ListQuery, Page } from './query/list-query.js';
import type { EntityId, Resource } from './resource.js';
import { changesOf, draftRow, offeredValues, replacementValues } from './row-draft.js';
import { Rows } from './rows.js';
import { isSameValue } from './same-value.js';

/** Values of an entity's columns, as application code gives them: dates as strings too, relations by their key. */
export type CrudValues<T> = {
  readonly [K in keyof T]?:
    T[K] | (NonNullable<T[K]> extends Date ? string : NonNullable<T[K]> extends object ? unknown : never) | null;
};

/** What a service works on, and within which bounds. */
export interface CrudBinding<T extends object> {
  /** Compiled at first use: the DataSource has to be there. */
  readonly resource: () => Resource<T>;
  /** What the controller's `scope()` adds for the running request. */
  readonly narrowing: () => Promise<Narrowing>;
  /** What the running request's body says of columns that the server owns; taken once. */
  readonly takeClaims: () => Readonly<Record<string, unknown>>;
}

/**
 * Creates, reads, replaces, changes and removes rows of one entity, within the tenant scope in force.
 *
 * A controller has it as `this.service`; elsewhere it is injected with `@InjectCrud(Entity)`. Each operation is a
 * statement or two, without a transaction around them. What the server owns (id, tenant, timestamps, version) it does
 * not take from anybody.
 *
 * @example
 * constructor(@InjectCrud(SupportTicket) private readonly tickets: CrudService<SupportTicket>) {}
 *
 * const ticket = await this.tickets.create({ subject: 'Where is my order?' });
 */
export class CrudService<T extends object> {
  constructor(private readonly binding: CrudBinding<T>) {}

  /**
   * @returns the page of rows that the query describes; all of them without one, as far as the default limit goes
   * @throws TypeError for a column or value that is none
   */
  async findAll(query: ListQuery<T> = {}): Promise<Page<T>> {
    const { resource, rows } = await this.bind();
    const { limit: bounds, mode } = resource.list;
    const isWholeList = mode === 'flat' && query.limit === undefined && query.offset === undefined;
    return rows.list(query, query.limit ?? (isWholeList ? bounds.max : bounds.default), query.offset ?? 0);
  }

  /** @throws NotFoundException when the scope has no such row */
  async findOne(id: EntityId): Promise<T> {
    const { resource, rows } = await this.bind();
    return rows.find(requireId(resource, id));
  }

  /**
   * Inserts a row, never an upsert.
   *
   * @returns it as it is stored
   * @throws BadRequestException for a value that does not fit its column, or one that is missing
   * @throws UniqueConflictError, ReferenceUnknownError
   */
  async create(values: CrudValues<T>): Promise<T> {
    const { resource, narrowing, rows } = await this.bind();
    const offered = offeredValues(resource, values);
    if (resource.strictPayload) {
      refuse([...falseClaimsOnNewRow(resource, this.binding.takeClaims()), ...outsideNarrowing(narrowing, offered)]);
    }
    const id = await rows.insert(draftRow(resource, offered, narrowing));
    return rows.find(id);
  }

  /**
   * Replaces what clients see of a row: a column that `values` leaves out goes back to its default, or to null.
   *
   * @returns the row as it is stored
   * @throws NotFoundException when the scope has no such row
   * @throws BadRequestException, UniqueConflictError, ReferenceUnknownError as `create`
   */
  replace(id: EntityId, values: CrudValues<T>): Promise<T> {
    return this.write(id, values, replacementValues);
  }

  /**
   * Changes the columns of a row that `values` names; null clears one.
   *
   * @returns the row as it is stored
   * @throws NotFoundException when the scope has no such row
   * @throws BadRequestException, UniqueConflictError, ReferenceUnknownError as `create`
   */
  update(id: EntityId, values: CrudValues<T>): Promise<T> {
    return this.write(id, values, (_, offered) => offered);
  }

  /**
   * Deletes a row, or marks it as deleted where the entity has a `@DeleteDateColumn`: it then reads as missing.
   *
   * @throws NotFoundException when the scope has no such row
   */
  async remove(id: EntityId): Promise<void> {
    const { resource, rows } = await this.bind();
    const row = await rows.find(requireId(resource, id));
    await rows.remove(resource.idOf(row));
  }

  private async write(
    id: EntityId,
    values: CrudValues<T>,
    complete: (resource: Resource<T>, offered: ColumnValues, narrowing: Narrowing) => ColumnValues,
  ): Promise<T> {
    const { resource, narrowing, rows } = await this.bind();
    const rowId = requireId(resource, id);
    const offered = offeredValues(resource, values);
    const row = await rows.find(rowId);
    if (resource.strictPayload) {
      refuse([...falseClaimsOnRow(resource, this.binding.takeClaims(), row), ...outsideNarrowing(narrowing, offered)]);
    }
    const changes = await changesOf(resource, row, complete(resource, offered, narrowing), narrowing);
    if (changes === undefined) return row;
    await rows.update(rowId, changes);
    return rows.find(rowId);
  }

  private async bind(): Promise<{ resource: Resource<T>; narrowing: Narrowing; rows: Rows<T> }> {
    const resource = this.binding.resource();
    const narrowing = await this.binding.narrowing();
    return { resource, narrowing, rows: new Rows(resource, narrowing.conditions) };
  }
}

function requireId<T extends object>(resource: Resource<T>, id: EntityId): EntityId {
  const read = resource.readId(id);
  if (read === undefined) throw new NotFoundException();
  return read;
}

/** Fields that say something else than the narrowing that is stamped on them. */
function outsideNarrowing(narrowing: Narrowing, offered: ColumnValues): string[] {
  return [...narrowing.values]
    .filter(([column, value]) => offered.has(column) && !isSameValue(offered.get(column), value))
    .map(([{ property }]) => `${property} is not the client's to say`);
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw badRequest(problems);
}
