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
import type { Projection } from './query/projection-rules.js';
import type { EntityId } from './model/resource-id.js';
import type { Resource } from './resource/resource.js';
import { RowCreator } from './persistence/row-creator.js';
import { RowRemover } from './persistence/row-remover.js';
import { RowUpdater } from './persistence/row-updater.js';
import { RowStatements } from './persistence/row-statements.js';
import type { WriteContext } from './persistence/write-context.js';

/**
 * Column values of an entity, as application code passes them. Dates may be strings, and relations may be given by key.
 */
export type CrudValues<T> = {
  readonly [K in keyof T]?:
    T[K] | (NonNullable<T[K]> extends Date ? string : NonNullable<T[K]> extends object ? unknown : never) | null;
};

/** The resource of a service, and where the data of the current request comes from. */
export interface CrudServiceContext<T extends object> {
  /** Compiled at first use, because the DataSource must be initialized. */
  readonly resource: () => Resource<T>;
  /** Returns the constraints of the controller's `scope()` and parents for the current request. */
  readonly narrowing: () => Promise<RowConstraints> | RowConstraints;
  /** Returns the server-owned columns in the body of the current request, once. */
  readonly consumeServerOwnedFields: () => Readonly<Record<string, unknown>>;
  /** Returns the properties of the current request's bodies that are not columns, once. */
  readonly takeUndecided: () => readonly Readonly<Record<string, unknown>>[];
  /** Returns the `If-Match` precondition of the current request, once. */
  readonly takePrecondition: () => IfMatch;
  /** Returns the context that serializes the rows of a response; undefined if application code needs entities. */
  readonly rawRowConsumer: () => RawRowConsumer | undefined;
  /** Returns the hooks that run around writes. */
  readonly hooks: () => Promise<HookRunner<T>>;
}

/**
 * Creates, reads, replaces, updates and deletes rows of one entity, within the current tenant scope.
 *
 * A controller has it as `this.service`; other classes inject it with `@InjectCrud(Entity)`. Each operation runs one to
 * three statements, in a transaction if hooks are involved. Server-owned columns (id, tenant, timestamps, version)
 * cannot be set.
 *
 * @example
 * constructor(@InjectCrud(SupportTicket) private readonly tickets: CrudService<SupportTicket>) {}
 *
 * const ticket = await this.tickets.create({ subject: 'Where is my order?' });
 */
export class CrudService<T extends object> {
  constructor(private readonly binding: CrudServiceContext<T>) {}

  /**
   * Returns a page of rows.
   *
   * @param query filters, sort order, page and included relations; by default all rows, up to the default limit
   * @throws TypeError for an unknown column or operator, or an invalid value
   */
  async findAll(query: ListQuery<T> = {}): Promise<Page<T>> {
    const resource = this.binding.resource();
    const rows = this.rows(resource);
    const { limit: bounds, format } = resource.list;
    const { limit, offset, page, cursor } = query;
    const isWholeList = format === 'array' && [limit, offset, page, cursor].every((part) => part === undefined);
    const length = limit ?? (isWholeList ? bounds.max : bounds.default);
    // No `await` on a value that is already there: each one costs time, and this is the most frequent operation.
    return await (isPromiseLike(rows) ? await rows : rows).list(query, length, this.binding.rawRowConsumer());
  }

  /**
   * Returns one row.
   *
   * @param id the row's id
   * @param query the included relations and the selected properties
   * @throws NotFoundException if the row is not visible
   */
  async findOne(id: EntityId, query: Projection = {}): Promise<T> {
    const resource = this.binding.resource();
    const rows = await this.rows(resource);
    return rows.find(resource.id.whereId(id), query, this.binding.rawRowConsumer());
  }

  /**
   * Inserts a row, never an upsert.
   *
   * @param values the column values
   * @returns the row as stored
   * @throws BadRequestException for an invalid or missing value
   * @throws UniqueConflictError, ReferenceUnknownError
   */
  async create(values: CrudValues<T>): Promise<T> {
    return this.write((terms) => new RowCreator(terms).create(values));
  }

  /**
   * Inserts rows, all or none.
   *
   * @param list the column values of each row
   * @returns the rows as stored, in the same order
   * @throws BadRequestException with the errors of all rows, each with the row's index
   * @throws ConflictException if the only errors are unique conflicts
   */
  async createMany(list: readonly CrudValues<T>[]): Promise<T[]> {
    return this.write((terms) => new RowCreator(terms).createMany(list));
  }

  /**
   * Replaces the client-visible columns of a row. A column that `values` omits is reset to its default, or to null.
   *
   * @param id the row's id
   * @param values the column values
   * @returns the row as stored
   * @throws NotFoundException if the row is not visible
   * @throws BadRequestException, UniqueConflictError, ReferenceUnknownError as `create`
   */
  async replace(id: EntityId, values: CrudValues<T>): Promise<T> {
    return this.write((terms) => new RowUpdater(terms).replace(id, values));
  }

  /**
   * Updates the columns of a row that `values` contains; null clears a column.
   *
   * @param id the row's id
   * @param values the changed column values
   * @returns the row as stored
   * @throws NotFoundException if the row is not visible
   * @throws BadRequestException, UniqueConflictError, ReferenceUnknownError as `create`
   */
  async update(id: EntityId, values: CrudValues<T>): Promise<T> {
    return this.write((terms) => new RowUpdater(terms).update(id, values));
  }

  /**
   * Deletes a row, or soft-deletes it if the entity has a `@DeleteDateColumn`; reads then no longer find it.
   *
   * @param id the row's id
   * @throws NotFoundException if the row is not visible
   */
  async remove(id: EntityId): Promise<void> {
    return this.write((terms) => new RowRemover(terms).remove(id));
  }

  /**
   * Restores a soft-deleted row.
   *
   * @param id the row's id
   * @returns the row as stored
   * @throws NotFoundException if the row is not visible or not soft-deleted
   * @throws TypeError for an entity without a `@DeleteDateColumn`
   */
  async restore(id: EntityId): Promise<T> {
    return this.write((terms) => new RowRemover(terms).restore(id));
  }

  /**
   * Links a row to a row of a many-to-many relation. Does nothing if they are already linked.
   *
   * @param id the row's id
   * @param relation the many-to-many relation
   * @param linkedId the id of the related row
   * @throws NotFoundException if either row is not visible
   */
  async link(id: EntityId, relation: ToManyKey<T>, linkedId: EntityId): Promise<void> {
    return this.write((terms) => new LinkWriter(terms).link(id, relation, linkedId));
  }

  /**
   * Removes the link between two rows, if there is one.
   *
   * @param id the row's id
   * @param relation the many-to-many relation
   * @param linkedId the id of the related row
   * @throws NotFoundException as `link`
   */
  async unlink(id: EntityId, relation: ToManyKey<T>, linkedId: EntityId): Promise<void> {
    return this.write((terms) => new LinkWriter(terms).unlink(id, relation, linkedId));
  }

  /** Sends the reads of the write, and later reads of the request, to the primary instead of a replica. */
  private write<R>(work: (terms: WriteContext<T>) => Promise<R>): Promise<R> {
    return runAsWrite(async () => work(await this.terms()));
  }

  private async terms(): Promise<WriteContext<T>> {
    const resource = this.binding.resource();
    const narrowing = await this.binding.narrowing();
    return {
      resource,
      narrowing,
      rows: new RowStatements(resource, narrowing.conditions),
      hooks: await this.binding.hooks(),
      consumeServerOwnedFields: this.binding.consumeServerOwnedFields,
      takeUndecided: this.binding.takeUndecided,
      takePrecondition: this.binding.takePrecondition,
    };
  }

  private rows(resource: Resource<T>): RowStatements<T> | Promise<RowStatements<T>> {
    const narrowing = this.binding.narrowing();
    if (isPromiseLike(narrowing)) return narrowing.then(({ conditions }) => new RowStatements(resource, conditions));
    return new RowStatements(resource, narrowing.conditions);
  }
}
