import { isPromiseLike } from '../common/is-promise-like.js';
import { runAsWrite } from '../tenancy/context/tenant-context.js';
import type { ToManyKey } from './options/entity-paths.js';
import type { HookRunner } from './hooks/hook-runner.js';
import { LinkWriter } from './persistence/link-writer.js';
import type { RowConstraints } from './persistence/row-constraints.js';
import type { IfMatch } from './preconditions/if-match.js';
import type { ListQuery } from './query/list-query.js';
import type { Page } from './response/page.js';
import type { RawRowConsumer } from './listing/page-reader.js';
import type { Projection } from './query/row-rules.js';
import type { EntityId } from './model/resource-id.js';
import type { Resource } from './resource/resource.js';
import { RowCreator } from './persistence/row-creator.js';
import { RowWriter } from './persistence/row-writer.js';
import { RowRepository } from './persistence/row-repository.js';
import type { WriteContext } from './persistence/write-context.js';

/** Values of an entity's columns, as application code gives them: dates as strings too, relations by their key. */
export type CrudValues<T> = {
  readonly [K in keyof T]?:
    T[K] | (NonNullable<T[K]> extends Date ? string : NonNullable<T[K]> extends object ? unknown : never) | null;
};

/** What a service works on, and within which bounds. */
export interface CrudServiceContext<T extends object> {
  /** Compiled at first use: the DataSource has to be there. */
  readonly resource: () => Resource<T>;
  /** What the controller's `scope()` adds for the running request. */
  readonly narrowing: () => Promise<RowConstraints> | RowConstraints;
  /** What the running request's body says of columns that the server owns; taken once. */
  readonly consumeServerOwnedFields: () => Readonly<Record<string, unknown>>;
  /** Properties of the running request's bodies that are no columns; taken once. */
  readonly takeUndecided: () => readonly Readonly<Record<string, unknown>>[];
  /** What the running request says of the row that it is going to change; taken once. */
  readonly takePrecondition: () => IfMatch;
  /** What the rows of a page are read for; undefined where application code wants entities. */
  readonly rawRowConsumer: () => RawRowConsumer | undefined;
  /** The hooks that take part in writes. */
  readonly hooks: () => Promise<HookRunner<T>>;
}

/**
 * Creates, reads, replaces, changes and removes rows of one entity, within the tenant scope in force.
 *
 * A controller has it as `this.service`; elsewhere it is injected with `@InjectCrud(Entity)`. Each operation is one
 * to three statements, and a transaction around them where hooks take part. What the server owns (id, tenant, timestamps,
 * version) it does not take from anybody.
 *
 * @example
 * constructor(@InjectCrud(SupportTicket) private readonly tickets: CrudService<SupportTicket>) {}
 *
 * const ticket = await this.tickets.create({ subject: 'Where is my order?' });
 */
export class CrudService<T extends object> {
  constructor(private readonly binding: CrudServiceContext<T>) {}

  /**
   * @returns the page of rows that the query describes; all of them without one, as far as the default limit goes
   * @throws TypeError for a column or value that is none
   */
  async findAll(query: ListQuery<T> = {}): Promise<Page<T>> {
    const resource = this.binding.resource();
    const rows = this.rows(resource);
    const { limit: bounds, mode } = resource.list;
    const { limit, offset, cursor } = query;
    const isWholeList = mode === 'flat' && [limit, offset, cursor].every((part) => part === undefined);
    const length = limit ?? (isWholeList ? bounds.max : bounds.default);
    // No waiting for what is there: each wait costs, and this is what is asked most.
    return await (isPromiseLike(rows) ? await rows : rows).list(query, length, this.binding.rawRowConsumer());
  }

  /**
   * @param query what is read along, and which properties
   * @throws NotFoundException when the scope has no such row
   */
  async findOne(id: EntityId, query: Projection = {}): Promise<T> {
    const resource = this.binding.resource();
    const rows = await this.rows(resource);
    return rows.find(resource.id.whereId(id), query);
  }

  /**
   * Inserts a row, never an upsert.
   *
   * @returns it as it is stored
   * @throws BadRequestException for a value that does not fit its column, or one that is missing
   * @throws UniqueConflictError, ReferenceUnknownError
   */
  async create(values: CrudValues<T>): Promise<T> {
    return this.write((terms) => new RowCreator(terms).create(values));
  }

  /**
   * Inserts rows, all of them or none.
   *
   * @returns them as they are stored, in the same order
   * @throws BadRequestException that names what is wrong with which row, by its index; ConflictException where only unique
   *   keys are taken
   */
  async createMany(list: readonly CrudValues<T>[]): Promise<T[]> {
    return this.write((terms) => new RowCreator(terms).createMany(list));
  }

  /**
   * Replaces what clients see of a row: a column that `values` leaves out goes back to its default, or to null.
   *
   * @returns the row as it is stored
   * @throws NotFoundException when the scope has no such row
   * @throws BadRequestException, UniqueConflictError, ReferenceUnknownError as `create`
   */
  async replace(id: EntityId, values: CrudValues<T>): Promise<T> {
    return this.write((terms) => new RowWriter(terms).replace(id, values));
  }

  /**
   * Changes the columns of a row that `values` names; null clears one.
   *
   * @returns the row as it is stored
   * @throws NotFoundException when the scope has no such row
   * @throws BadRequestException, UniqueConflictError, ReferenceUnknownError as `create`
   */
  async update(id: EntityId, values: CrudValues<T>): Promise<T> {
    return this.write((terms) => new RowWriter(terms).update(id, values));
  }

  /**
   * Deletes a row, or marks it as deleted where the entity has a `@DeleteDateColumn`: it then reads as missing.
   *
   * @throws NotFoundException when the scope has no such row
   */
  async remove(id: EntityId): Promise<void> {
    return this.write((terms) => new RowWriter(terms).remove(id));
  }

  /**
   * Takes the mark of deletion off a row.
   *
   * @returns the row as it is stored
   * @throws NotFoundException when the scope has no such row, or it is not deleted
   * @throws TypeError for an entity without a `@DeleteDateColumn`
   */
  async restore(id: EntityId): Promise<T> {
    return this.write((terms) => new RowWriter(terms).restore(id));
  }

  /**
   * Links a row to one on the far side of a many-to-many relation. Where they are linked already nothing happens.
   *
   * @throws NotFoundException when the scope has no such row, here or there
   */
  async link(id: EntityId, relation: ToManyKey<T>, linkedId: EntityId): Promise<void> {
    return this.write((terms) => new LinkWriter(terms).link(id, relation, linkedId));
  }

  /**
   * Takes the link between two rows away, if there is one.
   *
   * @throws NotFoundException as `link`
   */
  async unlink(id: EntityId, relation: ToManyKey<T>, linkedId: EntityId): Promise<void> {
    return this.write((terms) => new LinkWriter(terms).unlink(id, relation, linkedId));
  }

  /** Its reads go to the primary, and those of the request after it. */
  private write<R>(work: (terms: WriteContext<T>) => Promise<R>): Promise<R> {
    return runAsWrite(async () => work(await this.terms()));
  }

  private async terms(): Promise<WriteContext<T>> {
    const resource = this.binding.resource();
    const narrowing = await this.binding.narrowing();
    return {
      resource,
      narrowing,
      rows: new RowRepository(resource, narrowing.conditions),
      hooks: await this.binding.hooks(),
      takeClaims: this.binding.consumeServerOwnedFields,
      takeUndecided: this.binding.takeUndecided,
      takePrecondition: this.binding.takePrecondition,
    };
  }

  private rows(resource: Resource<T>): RowRepository<T> | Promise<RowRepository<T>> {
    const narrowing = this.binding.narrowing();
    if (isPromiseLike(narrowing)) return narrowing.then(({ conditions }) => new RowRepository(resource, conditions));
    return new RowRepository(resource, narrowing.conditions);
  }
}
