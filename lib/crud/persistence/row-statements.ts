import type { ColumnMetadata, SoftDeleteQueryBuilder } from '../../common/peer-internals.js';
import { selectionOf } from '../listing/selection/resource-selection.js';
import { NotFoundException } from '@nestjs/common';
import type {
  DeleteQueryBuilder,
  DeleteResult,
  EntityManager,
  EntityMetadata,
  ObjectLiteral,
  QueryDeepPartialEntity,
  SelectQueryBuilder,
  UpdateQueryBuilder,
  UpdateResult,
  WhereExpressionBuilder,
} from 'typeorm';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';
import { SharedRowError } from '../../errors/shared-row.error.js';
import { parseDriverError } from '../../orm/execution/driver-error.parser.js';
import { runInTransaction } from '../../orm/execution/race-retry.js';
import { supportedDialect } from '../../orm/policy/dialect.js';
import { CompiledBulkInsert } from '../../orm/compiled-bulk-insert.js';
import { CompiledDelete } from '../../orm/compiled-delete.js';
import { CompiledInsert } from '../../orm/compiled-insert.js';
import { CompiledSelect } from '../../orm/compiled-select.js';
import { CompiledUpdate } from '../../orm/compiled-update.js';
import type { NamedParameters, RawRow } from '../../orm/compiled-select.js';
import { conditionsKey, applyConditions, applyAnyOf, conditionParameters } from '../model/column-conditions.js';
import type { Condition } from '../model/column-conditions.js';
import type { ColumnValues } from '../model/column-values.js';
import { mapDatabaseError } from './database-error.mapper.js';
import { assertOwnRow } from './assert-row-writable.js';
import { liveReferences } from './soft-deleted-reference-check.js';
import { preconditionFailed } from '../preconditions/if-match.js';
import { ListPlan, cachedPlan } from '../listing/list-plan.js';
import type { ListQuery } from '../query/list-query.js';
import type { Page } from '../response/page.js';
import { PageReader } from '../listing/page-reader.js';
import { SerializedRow } from '../response/serialized-rows.js';
import type { RawRowConsumer } from '../listing/page-reader.js';
import type { Projection } from '../query/projection-rules.js';
import type { Selection } from '../listing/selection/selection.js';
import type { Resource } from '../resource/resource.js';

/** The alias of the resource's table in a select. */
const ALIAS = 'item';
/** Rows per statement when several keys are loaded, because databases limit the number of conditions. */
const CHUNK = 300;

/**
 * Runs the SQL statements of CRUD on the rows of a resource that satisfy some conditions. The conditions do not include
 * the tenant scope, because the ORM layer adds it to every statement.
 */
export class RowStatements<T extends object> {
  /** @param manager of a transaction, or of the DataSource */
  constructor(
    private readonly resource: Resource<T>,
    private readonly conditions: readonly Condition[],
    readonly manager: EntityManager = resource.dataSource.manager,
  ) {}

  /**
   * Runs `work` with the same rows in a transaction, which is rolled back if `work` fails.
   *
   * @param mayRepeat whether `work` may run again if the transaction lost a race with a concurrent one
   */
  inTransaction<R>(mayRepeat: boolean, work: (rows: RowStatements<T>) => Promise<R>): Promise<R> {
    return runInTransaction(this.manager, mayRepeat && !isObserved(this.resource), (manager) =>
      work(new RowStatements(this.resource, this.conditions, manager)),
    );
  }

  /**
   * @param which conditions that identify the row
   * @param query the included relations and the selected properties
   * @param consumer the consumer of serialized rows; undefined if application code needs entities
   * @throws NotFoundException if the row is not visible
   */
  async find(which: readonly Condition[], query: Projection = {}, consumer?: RawRowConsumer): Promise<T> {
    const selection = selectionOf(this.resource, query, this.resource.row);
    const conditions = [...this.conditions, ...which];
    const statement = selection.statements.getOrCreate(conditionsKey(conditions), () =>
      this.planFind(selection, conditions),
    );
    const values = conditionParameters(conditions);
    const read = isAnswered(consumer, query)
      ? await this.readForResponse(selection, statement, values, consumer)
      : undefined;
    // Safe cast: only the interceptor sees it.
    if (read instanceof SerializedRow) return read as unknown as T;
    const rows = read ?? (await this.mapErrors(() => statement.run(values, this.manager)));
    const [row] = await selection.entities(rows, this.manager);
    if (row === undefined) throw new NotFoundException();
    return row;
  }

  /**
   * Reads a row for a response that needs no entity.
   *
   * @returns the row in response format; the rows of the statement if the database gives no texts; undefined if the
   *   response needs an entity
   * @throws NotFoundException if the row is not visible
   */
  private async readForResponse(
    selection: Selection<T>,
    statement: CompiledSelect,
    values: NamedParameters,
    consumer: RawRowConsumer,
  ): Promise<SerializedRow | readonly RawRow[] | undefined> {
    const { writer } = selection;
    if (writer === undefined) return undefined;
    const texts = await this.mapErrors(() => statement.runAsTexts(values, this.manager));
    if (!('columns' in texts)) return texts;
    if (texts.rows.length === 0) throw new NotFoundException();
    const written = await this.mapErrors(() => writer.write(texts, this.manager));
    if (written === undefined) return undefined;
    consumer.isSerialized = true;
    return new SerializedRow(written[0], selection.identityOf(texts));
  }

  /**
   * Loads rows by their keys.
   *
   * @param keyed objects that contain the keys
   * @returns the rows as stored, in the same order
   * @throws NotFoundException if one of them is not visible
   */
  async findAll(keyed: readonly T[]): Promise<T[]> {
    const { key } = this.resource;
    const byKey = new Map<string, T>();
    for (let at = 0; at < keyed.length; at += CHUNK) {
      for (const row of await this.findChunk(keyed.slice(at, at + CHUNK))) byKey.set(key.toPathSegment(row), row);
    }
    const rows: T[] = [];
    // The database may return a key in another form (`11.00` for `11`); such a row is loaded separately.
    for (const row of keyed) rows.push(byKey.get(key.toPathSegment(row)) ?? (await this.find(key.whereRow(row))));
    return rows;
  }

  private async findChunk(keyed: readonly T[]): Promise<T[]> {
    const { key } = this.resource;
    const selection = selectionOf(this.resource, {}, this.resource.row);
    const select = this.select();
    selection.apply(select, ALIAS);
    applyConditions(select, this.conditions, ALIAS);
    applyAnyOf(
      select,
      keyed.map((row) => key.whereRow(row)),
      ALIAS,
    );
    return selection.entities(await this.mapErrors(() => select.getRawMany()), this.manager);
  }

  /** Like `find`, but locks the row until the end of the transaction. */
  async findForUpdate(which: readonly Condition[]): Promise<T> {
    // SQLite has no row locks and needs none: a transaction has exclusive use of the connection.
    if (supportedDialect(this.resource.dataSource) !== 'sqlite') await this.lock(which);
    return this.find(which);
  }

  /**
   * Checks that the current scope may write a row, if it exists. Includes soft-deleted rows.
   *
   * @throws SharedRowError for a row that all tenants share
   */
  assertOwn(which: readonly Condition[]): Promise<void> {
    return this.mapErrors(() => assertOwnRow(this.resource, this.manager, [...this.conditions, ...which]));
  }

  /**
   * Loads a page, at the query's cursor or at its offset.
   *
   * @param consumer the consumer of raw rows; undefined if application code needs entities
   */
  list(query: ListQuery<T>, limit: number, consumer: RawRowConsumer | undefined): Promise<Page<T>> {
    const rawConsumer = isAnswered(consumer, query) ? consumer : undefined;
    const plan =
      rawConsumer !== undefined && this.conditions.length === 0
        ? cachedPlan(this.resource, query, limit)
        : new ListPlan(this.resource, query, this.conditions, limit);
    const reader = new PageReader(plan, this.manager, rawConsumer);
    const { cursor } = query;
    return this.mapErrors(() => (cursor === undefined ? reader.atOffset() : reader.atCursor(cursor)));
  }

  /**
   * Inserts a row with a statement that also checks its references and returns it as it is stored.
   *
   * @returns undefined if no row was inserted: `insert` has to do it, or to tell what is wrong
   */
  async insertReturning(row: T): Promise<T | undefined> {
    const { metadata } = this.resource;
    if (hasInsertListeners(this.resource)) return undefined;
    const selection = selectionOf(this.resource, {}, this.resource.row);
    const statement = writesOf(this.resource, selection)?.insert;
    if (statement === undefined) return undefined;
    const raw = await this.mapErrors(
      () => statement.run(row, this.manager),
      () => givenColumns(metadata, [row]),
      true,
    );
    return raw && (await selection.entities([raw], this.manager))[0];
  }

  /**
   * Inserts rows, all or none, and returns them as they are stored. Not within a transaction, which a failed statement
   * would end.
   *
   * @returns undefined if no row was inserted: `insert` has to do it, or to tell what is wrong with which row
   */
  async insertAllReturning(rows: readonly T[]): Promise<T[] | undefined> {
    if (this.manager.queryRunner?.isTransactionActive === true || mayFailAfterInsert(this.resource)) return undefined;
    const selection = selectionOf(this.resource, {}, this.resource.row);
    const statement = writesOf(this.resource, selection)?.bulkInsert;
    let raws: readonly RawRow[] | undefined;
    try {
      raws = await statement?.run(rows, this.manager);
    } catch (error) {
      if (isOfValues(error)) return undefined;
      throw error;
    }
    return raws && (await selection.entities(raws, this.manager));
  }

  /** Inserts rows with one statement, never an upsert. Sets generated keys on the objects. */
  async insert(...rows: T[]): Promise<void> {
    const { metadata, entity } = this.resource;
    const insert = this.manager.createQueryBuilder().insert().into(entity).values(rows);
    await this.mapErrors(
      () => insert.execute(),
      () => givenColumns(metadata, rows),
      true,
    );
  }

  /**
   * Updates a row with a statement that also checks its new references and returns it as it is stored.
   *
   * @param which conditions that identify the row
   * @param changes the new values
   * @returns undefined if no row was changed: `update` has to do it, or to tell why it must not be changed
   */
  async updateReturning(which: readonly Condition[], changes: ColumnValues): Promise<T | undefined> {
    const { metadata } = this.resource;
    const { beforeUpdateListeners, afterUpdateListeners, deleteDateColumn } = metadata;
    if (beforeUpdateListeners.length + afterUpdateListeners.length > 0 || isObserved(this.resource)) return undefined;
    const selection = selectionOf(this.resource, {}, this.resource.row);
    const statement = writesOf(this.resource, selection)?.update;
    if (statement === undefined) return undefined;
    const values = new Map([...changes].map(([column, value]) => [column.metadata, value]));
    const notDeleted = deleteDateColumn === undefined ? [] : [{ column: deleteDateColumn, parameter: null }];
    const raw = await this.mapErrors(
      () => statement.run(values, [...this.conditions, ...which, ...notDeleted], this.manager),
      () => [...values].filter(([, value]) => isGiven(value)).map(([column]) => column),
    );
    return raw && (await selection.entities([raw], this.manager))[0];
  }

  /**
   * @param which conditions that identify the row
   * @param changes values by property; if empty, only the version and the update date change
   * @param asRead conditions on the loaded values that must still hold
   * @throws NotFoundException if the row has been deleted concurrently
   * @throws PreconditionFailedException if the row exists but violates `asRead`
   */
  async update(which: readonly Condition[], changes: ObjectLiteral, asRead: readonly Condition[] = []): Promise<void> {
    const { metadata, entity } = this.resource;
    const update = this.manager
      .createQueryBuilder()
      .update(entity)
      .set(changes as QueryDeepPartialEntity<T>);
    // TypeORM excludes soft-deleted rows from a select, but not from an update.
    if (metadata.deleteDateColumn !== undefined) update.where(`${metadata.deleteDateColumn.propertyPath} IS NULL`);
    await this.change(update, which, asRead, () => givenColumns(metadata, [changes]));
  }

  /**
   * Deletes a row with one statement, like {@link remove}.
   *
   * @param which conditions that identify the row
   * @returns false if no row was deleted: `remove` has to do it, or to tell why it must not be deleted
   */
  async removeUnread(which: readonly Condition[]): Promise<boolean> {
    const { metadata } = this.resource;
    const removal = [...metadata.beforeRemoveListeners, ...metadata.afterRemoveListeners];
    const softRemoval = [...metadata.beforeSoftRemoveListeners, ...metadata.afterSoftRemoveListeners];
    if (removal.length + softRemoval.length > 0 || isObserved(this.resource)) return false;
    return this.mapErrors(() => removalOf(this.resource).run([...this.conditions, ...which], this.manager));
  }

  /**
   * Deletes a row, or soft-deletes it if the entity has a delete date column.
   *
   * @param which conditions that identify the row
   * @param asRead conditions on the loaded values that must still hold
   * @throws NotFoundException if the row has been deleted concurrently
   * @throws PreconditionFailedException if the row exists but violates `asRead`
   */
  async remove(which: readonly Condition[], asRead: readonly Condition[] = []): Promise<void> {
    const { metadata, entity } = this.resource;
    const builder = this.manager.createQueryBuilder();
    const { deleteDateColumn } = metadata;
    if (deleteDateColumn === undefined) return this.change(builder.delete().from(entity), which, asRead);
    const remove = builder.softDelete().from(entity).where(`${deleteDateColumn.propertyPath} IS NULL`);
    return this.change(remove, which, asRead);
  }

  /**
   * Restores a soft-deleted row.
   *
   * @throws NotFoundException if the row is not visible or not soft-deleted
   */
  async restore(which: readonly Condition[]): Promise<void> {
    const { metadata, entity } = this.resource;
    const restore = this.manager.createQueryBuilder().restore().from(entity);
    restore.where(`${metadata.deleteDateColumn!.propertyPath} IS NOT NULL`);
    return this.change(restore, which);
  }

  private planFind(selection: Selection<T>, conditions: readonly Condition[]): CompiledSelect {
    const { dataSource, entity } = this.resource;
    return new CompiledSelect({
      dataSource,
      build: () => {
        // Not the builder of a transaction, because the cached statement outlives it.
        const select = dataSource.createQueryBuilder(entity, ALIAS);
        selection.apply(select, ALIAS);
        applyConditions(select, conditions, ALIAS);
        return select;
      },
    });
  }

  private select(): SelectQueryBuilder<T> {
    return this.manager.createQueryBuilder(this.resource.entity, ALIAS);
  }

  private async lock(which: readonly Condition[]): Promise<void> {
    const [{ metadata }] = this.resource.key.columns;
    const select = this.select().select(`${ALIAS}.${metadata.propertyPath}`);
    applyConditions(select, [...this.conditions, ...which], ALIAS);
    await this.mapErrors(() => select.setLock('pessimistic_write').getRawOne());
  }

  private async change(
    statement: Change<T>,
    which: readonly Condition[],
    asRead: readonly Condition[] = [],
    written: WrittenColumns = noColumns,
  ): Promise<void> {
    applyConditions(statement, [...this.conditions, ...which, ...asRead]);
    const { affected } = await this.mapErrors<UpdateResult | DeleteResult>(() => statement.execute(), written);
    if (affected !== 0) return;
    if (asRead.length === 0) throw new NotFoundException();
    await this.find(which);
    throw preconditionFailed();
  }

  /** Runs a statement and maps database errors to errors that name the entity's properties. */
  private mapErrors<R>(execute: () => Promise<R>, written: WrittenColumns = noColumns, isInsert = false): Promise<R> {
    return execute().catch(async (error: unknown) => {
      throw await mapDatabaseError(error, this.resource, written(), isInsert, this.manager.queryRunner);
    });
  }
}

/** Returns the columns that a statement sets; called for an error only. */
type WrittenColumns = () => readonly ColumnMetadata[];

const noColumns: WrittenColumns = () => [];

function givenColumns({ columns }: EntityMetadata, rows: readonly ObjectLiteral[]): readonly ColumnMetadata[] {
  return columns.filter((column) => rows.some((row) => isGiven(column.getEntityValue(row))));
}

/** The writes of a resource that are rendered once. */
interface CompiledWrites {
  readonly insert: CompiledInsert;
  readonly bulkInsert: CompiledBulkInsert;
  readonly update: CompiledUpdate;
}

const compiledWrites = new WeakMap<object, CompiledWrites>();

/** @returns undefined if a write cannot return what such a select reads */
function writesOf<T extends object>(resource: Resource<T>, { returned }: Selection<T>): CompiledWrites | undefined {
  let writes = compiledWrites.get(resource);
  if (writes === undefined && returned !== undefined) {
    const { dataSource, metadata } = resource;
    const parts = { dataSource, metadata, returned, live: liveReferences(resource) };
    writes = {
      insert: new CompiledInsert(parts),
      bulkInsert: new CompiledBulkInsert(parts),
      update: new CompiledUpdate(parts),
    };
    compiledWrites.set(resource, writes);
  }
  return writes;
}

const compiledRemovals = new WeakMap<object, CompiledDelete>();

function removalOf(resource: Resource): CompiledDelete {
  let removal = compiledRemovals.get(resource);
  if (removal === undefined) {
    const { dataSource, metadata } = resource;
    const [column] = metadata.primaryColumns;
    removal = new CompiledDelete({ dataSource, metadata, returned: [{ column, name: 'removed' }], live: [] });
    compiledRemovals.set(resource, removal);
  }
  return removal;
}

/**
 * Checks that the response to a query is all that needs its rows. Other code within the request may read rows too, with
 * its own query; it needs entities.
 */
function isAnswered(consumer: RawRowConsumer | undefined, query: Projection): consumer is RawRowConsumer {
  return consumer?.acceptsRawRows === true && consumer.projection === query;
}

type Change<T extends object> = WhereExpressionBuilder &
  (UpdateQueryBuilder<T> | DeleteQueryBuilder<T> | SoftDeleteQueryBuilder<T>);

/** Checks for application code that TypeORM calls for inserts of the rows. */
function hasInsertListeners(resource: Resource): boolean {
  const { beforeInsertListeners, afterInsertListeners } = resource.metadata;
  return beforeInsertListeners.length + afterInsertListeners.length > 0 || isObserved(resource);
}

/**
 * Checks for application code that may fail once the rows are stored, or that hears of the transaction: then they are
 * inserted in one.
 */
function mayFailAfterInsert(resource: Resource): boolean {
  const { dataSource, metadata } = resource;
  return (
    hasInsertListeners(resource) ||
    metadata.afterLoadListeners.length > 0 ||
    metadata.columns.some(({ transformer }) => transformer !== undefined) ||
    isObserved(resource, ['afterLoad']) ||
    dataSource.subscribers.some((subscriber) => TRANSACTION_EVENTS.some((event) => event in subscriber))
  );
}

/** Checks for an error of the values of a row, or of a lost race, after which nothing is stored. */
function isOfValues(error: unknown): boolean {
  const isOfKeys = [ReferenceUnknownError, SharedRowError, UniqueConflictError].some((type) => error instanceof type);
  if (isOfKeys) return true;
  const kind = parseDriverError(error)?.kind;
  return kind !== undefined && kind !== 'unavailable' && kind !== 'other';
}

/**
 * Checks whether a subscriber of the application listens to writes of the rows: it may do what a rollback does not
 * undo.
 */
function isObserved({ dataSource, metadata }: Resource, events = ROW_EVENTS): boolean {
  return dataSource.subscribers.some((subscriber) => {
    const target = subscriber.listenTo?.();
    const isOfRows =
      target === undefined ||
      target === Object ||
      target === metadata.target ||
      (typeof target === 'function' &&
        typeof metadata.target === 'function' &&
        metadata.target.prototype instanceof target);
    return isOfRows && events.some((event) => event in subscriber);
  });
}

/** The methods of a subscriber that TypeORM calls for the writes of {@link RowStatements}. */
const ROW_EVENTS = ['Insert', 'Update', 'Remove', 'SoftRemove', 'Recover'].flatMap((event) => [
  `before${event}`,
  `after${event}`,
]);

/** The methods that TypeORM calls for transactions, whichever entity a subscriber listens to. */
const TRANSACTION_EVENTS = ['Start', 'Commit', 'Rollback'].flatMap((event) => [
  `beforeTransaction${event}`,
  `afterTransaction${event}`,
]);

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
