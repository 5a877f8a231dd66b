import { selectionOf } from '../listing/selection/resource-selection.js';
import { NotFoundException } from '@nestjs/common';
import type {
  DeleteQueryBuilder,
  DeleteResult,
  EntityManager,
  ObjectLiteral,
  QueryDeepPartialEntity,
  SelectQueryBuilder,
  UpdateQueryBuilder,
  UpdateResult,
  WhereExpressionBuilder,
} from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { SoftDeleteQueryBuilder } from 'typeorm/query-builder/SoftDeleteQueryBuilder.js';
import { supportedDialect } from '../../orm/policy/dialect.js';
import { CompiledSelect } from '../../orm/compiled-select.js';
import { conditionsKey, applyConditions, applyAnyOf, conditionParameters } from '../model/column-conditions.js';
import type { Condition } from '../model/column-conditions.js';
import { mapDatabaseError } from './database-error.mapper.js';
import { requireOwnRow } from './assert-row-writable.js';
import { preconditionFailed } from '../preconditions/if-match.js';
import { ListPlan, cachedPlan } from '../listing/list-plan.js';
import type { ListQuery } from '../query/list-query.js';
import type { Page } from '../response/page.js';
import { PageReader } from '../listing/page-reader.js';
import type { RawRowConsumer } from '../listing/page-reader.js';
import type { Projection } from '../query/row-rules.js';
import type { Selection } from '../listing/selection/selection.js';
import type { Resource } from '../resource/resource.js';

/** How a select names the resource's table. */
const ALIAS = 'item';
/** Rows that are read by their keys in one statement: databases bound how many conditions it has. */
const CHUNK = 300;

/**
 * The rows of a resource that meet some conditions: the statements of CRUD, one each. The tenant scope is not among the
 * conditions, since every statement is limited to it beneath.
 */
export class RowRepository<T extends object> {
  /**
   * @param manager a transaction's, or the DataSource's own
   */
  constructor(
    private readonly resource: Resource<T>,
    private readonly conditions: readonly Condition[],
    readonly manager: EntityManager = resource.dataSource.manager,
  ) {}

  /** The same rows, in a transaction. It is undone when `work` fails. */
  inTransaction<R>(work: (rows: RowRepository<T>) => Promise<R>): Promise<R> {
    return this.manager.transaction((manager) => work(new RowRepository(this.resource, this.conditions, manager)));
  }

  /**
   * @param which what tells the row from others
   * @param query what is read along, and which properties
   * @throws NotFoundException when there is no such row: the same for one that the scope hides
   */
  async find(which: readonly Condition[], query: Projection = {}): Promise<T> {
    const selection = selectionOf(this.resource, query, this.resource.row);
    const conditions = [...this.conditions, ...which];
    const statement = selection.statements.getOrCreate(conditionsKey(conditions), () =>
      this.planFind(selection, conditions),
    );
    const rows = await this.mapErrors(() => statement.run(conditionParameters(conditions), this.manager));
    const [row] = await selection.entities(rows, this.manager);
    if (row === undefined) throw new NotFoundException();
    return row;
  }

  /**
   * Rows whose keys are known.
   *
   * @param keyed objects that hold the keys
   * @returns them as they are stored, in the same order
   * @throws NotFoundException when one of them is not there
   */
  async findAll(keyed: readonly T[]): Promise<T[]> {
    const { key } = this.resource;
    const byKey = new Map<string, T>();
    for (let at = 0; at < keyed.length; at += CHUNK) {
      for (const row of await this.findChunk(keyed.slice(at, at + CHUNK))) byKey.set(key.toPathSegment(row), row);
    }
    const rows: T[] = [];
    // The database may give a key back in another form (`11.00` for `11`): such a row is asked for by itself.
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

  /** As `find`, for a row that is going to be changed in this transaction: nobody else changes it meanwhile. */
  async findForUpdate(which: readonly Condition[]): Promise<T> {
    // SQLite has no locks, and no need of any: a transaction has the connection to itself.
    if (supportedDialect(this.resource.dataSource) !== 'sqlite') await this.lock(which);
    return this.find(which);
  }

  /**
   * Requires that the running code may write a row, if there is one. Deleted rows count.
   *
   * @throws SharedRowError for a row that all tenants share
   */
  requireOwn(which: readonly Condition[]): Promise<void> {
    return this.mapErrors(() => requireOwnRow(this.resource, this.manager, [...this.conditions, ...which]));
  }

  /**
   * A page of them: at the query's cursor, or at its offset.
   *
   * @param answer what the rows are read for; undefined where application code wants entities
   */
  list(query: ListQuery<T>, limit: number, answer: RawRowConsumer | undefined): Promise<Page<T>> {
    // What else runs during a call may list rows as well, by a query of its own.
    const taker = answer?.acceptsRawRows === true && answer.projection === query ? answer : undefined;
    const plan =
      taker !== undefined && this.conditions.length === 0
        ? cachedPlan(this.resource, query, limit)
        : new ListPlan(this.resource, query, this.conditions, limit);
    const reader = new PageReader(plan, this.manager, taker);
    const { cursor } = query;
    return this.mapErrors(() => (cursor === undefined ? reader.atOffset() : reader.atCursor(cursor)));
  }

  /** Inserts rows by one statement; never an upsert. What the database computes of their keys is set in them. */
  async insert(...rows: T[]): Promise<void> {
    const { metadata, entity } = this.resource;
    const insert = this.manager.createQueryBuilder().insert().into(entity).values(rows);
    await this.mapErrors(
      () => insert.execute(),
      metadata.columns.filter((column) => rows.some((row) => isGiven(column.getEntityValue(row)))),
    );
  }

  /**
   * @param which what tells the row from others
   * @param changes values by property; with none of them only its version and date of change are renewed
   * @param asRead what must still be so
   * @throws NotFoundException when the row has gone meanwhile
   * @throws PreconditionFailedException when it is there, and not `asRead`
   */
  async update(which: readonly Condition[], changes: ObjectLiteral, asRead: readonly Condition[] = []): Promise<void> {
    const { metadata, entity } = this.resource;
    const update = this.manager
      .createQueryBuilder()
      .update(entity)
      .set(changes as QueryDeepPartialEntity<T>);
    // A select leaves deleted rows out by itself, an update does not.
    if (metadata.deleteDateColumn !== undefined) update.where(`${metadata.deleteDateColumn.propertyPath} IS NULL`);
    const written = metadata.columns.filter((column) => isGiven(column.getEntityValue(changes)));
    await this.change(update, which, asRead, written);
  }

  /**
   * Deletes a row, or marks it as deleted where the entity has a column for that.
   *
   * @param which what tells the row from others
   * @param asRead what must still be so
   * @throws NotFoundException when the row has gone meanwhile
   * @throws PreconditionFailedException when it is there, and not `asRead`
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
   * Takes the mark of deletion off a row.
   *
   * @throws NotFoundException when there is no such row, or it is not deleted
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
        // Not a transaction's builder: the plan outlives it.
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
    written: readonly ColumnMetadata[] = [],
  ): Promise<void> {
    applyConditions(statement, [...this.conditions, ...which, ...asRead]);
    const { affected } = await this.mapErrors<UpdateResult | DeleteResult>(() => statement.execute(), written);
    if (affected !== 0) return;
    if (asRead.length === 0) throw new NotFoundException();
    await this.find(which);
    throw preconditionFailed();
  }

  /** Runs a statement; what the database refuses is said in terms of the entity. */
  private mapErrors<R>(execute: () => Promise<R>, written: readonly ColumnMetadata[] = []): Promise<R> {
    return execute().catch((error: unknown) => {
      throw mapDatabaseError(error, this.resource, written);
    });
  }
}

/** A statement that changes rows. */
type Change<T extends object> = WhereExpressionBuilder &
  (UpdateQueryBuilder<T> | DeleteQueryBuilder<T> | SoftDeleteQueryBuilder<T>);

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
