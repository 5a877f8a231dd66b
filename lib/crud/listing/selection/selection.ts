import type { DataSource, EntityManager, EntityMetadata, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from '../../../common/peer-internals.js';
import type { RawRow, CompiledSelect } from '../../../orm/compiled-select.js';
import type { TextRows } from '../../../orm/execution/postgres-query.js';
import { markHiddenRelations } from '../../../orm/writes/hidden-relations.js';
import { EntityHydrator } from './entity-hydrator.js';
import type { HydrationContext } from './entity-hydrator.js';
import type { JsonField, JsonProjection } from '../../query/json-projection.js';
import { JsonHydrator } from './json-hydrator.js';
import { JsonRowWriter } from './json-row-writer.js';
import { compileJsonShape } from './json-shape.js';
import { ToManyLoader } from './to-many-loader.js';
import type { ParentRow } from './to-many-loader.js';
import { addRelationIds, hasRelationIds } from './relation-id-loader.js';
import { BoundedCache } from '../../../common/bounded-cache.js';
import { hydrationOf } from './column-hydration.js';
import { applySelection, SelectionBuilder, includeTree, walkJoined } from './selection-tree.js';
import type { SelectedBranch, SelectedColumn, SelectionNode } from './selection-tree.js';

/** Maximum number of cached statements. */
const MAX_STATEMENTS = 100;

/** The arguments of a {@link Selection}. */
export interface SelectionParts {
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  /** Paths of the included relations. */
  readonly include: readonly string[];
  /** The selected properties; all by default. */
  readonly fields?: readonly string[] | undefined;
  /** The fields of a response that needs no entities. */
  readonly json?: JsonProjection | undefined;
}

/**
 * The columns and relations that a select of a resource reads, and how its rows become entities. Compiled once per
 * combination of includes and fields.
 *
 * @example
 * selection.apply(select, 'ticket');
 * const tickets = await selection.entities(await statement.run(slots));
 */
export class Selection<T extends object> {
  /** The statements of this selection, keyed by the parts that change their text. */
  readonly statements = new BoundedCache<string, CompiledSelect>(MAX_STATEMENTS);
  private readonly selected: SelectionNode;
  private readonly reader: EntityHydrator;
  private readonly included: ReadonlyMap<SelectedBranch, ToManyLoader>;
  private readonly hasJoins: boolean;
  private readonly hasListeners: boolean;
  private readonly hasRelationIds: boolean;
  /** Converts rows to JSON; undefined if the response needs entities. */
  private readonly jsonReader: JsonHydrator | undefined;
  /** Writes rows as JSON; undefined if the response needs entities. */
  private readonly jsonWriter: JsonRowWriter | undefined;

  constructor(private readonly parts: SelectionParts) {
    const fields = parts.fields && new Set(parts.fields);
    const shown =
      parts.include.length === 0
        ? parts.json?.fields.filter(({ column }) => fields?.has(column.property) ?? true)
        : undefined;
    this.selected = new SelectionBuilder(shown && shownNames(shown)).select(
      parts.metadata,
      includeTree(parts.include),
      fields && ((column) => fields.has(column.propertyPath.split('.', 1)[0])),
    );
    this.reader = new EntityHydrator(this.selected, parts.dataSource.driver);
    const all = [...withIncluded(this.selected)];
    const branches = all.flatMap((selected) => selected.branches);
    this.included = new Map(branches.map((branch) => [branch, new ToManyLoader(parts.dataSource, branch)]));
    this.hasJoins = all.some(({ joined }) => joined.length > 0);
    this.jsonReader = shown && new JsonHydrator(this.selected, shown, parts.dataSource.driver);
    const shape = compileJsonShape(parts.dataSource, this.selected, parts.json, fields);
    this.jsonWriter = shape && new JsonRowWriter(shape, this.included, parts.dataSource.driver);
    this.hasListeners = all.some(isListenedTo);
    this.hasRelationIds = hasRelationIds(this.selected);
  }

  /**
   * Replaces the selection of a select by these columns and joins.
   *
   * @param alias the alias of the resource's table
   */
  apply(select: SelectQueryBuilder<T>, alias: string): void {
    select.select([]);
    applySelection(select, alias, this.selected);
  }

  /**
   * The columns that a statement has to return in place of such a select; undefined if columns of one table are not
   * enough.
   */
  get returned(): readonly SelectedColumn[] | undefined {
    const { columns, joined, branches } = this.selected;
    const isOneTable = joined.length + branches.length === 0 && !this.hasRelationIds;
    return isOneTable && columns.every(({ column }) => !column.isVirtualProperty) ? columns : undefined;
  }

  /** Returns the hydrator of JSON rows; undefined if entities are needed. */
  get json(): JsonHydrator | undefined {
    return this.hasSubscribers ? undefined : this.jsonReader;
  }

  /** Returns the writer of rows as JSON; undefined if entities are needed. */
  get writer(): JsonRowWriter | undefined {
    return this.hasSubscribers ? undefined : this.jsonWriter;
  }

  /** Returns an object with the key and the version of the first row, if they are selected. */
  identityOf({ columns, rows: [row], types }: TextRows): object {
    const identity = {};
    for (const { column, name } of this.selected.columns) {
      if (!column.isPrimary && !column.isVersion) continue;
      const at = columns.findIndex((other) => other.name === name);
      const text = row[at];
      const value = text === null ? null : types.getTypeParser(columns[at].dataTypeID, columns[at].format)(text);
      const hydrate = hydrationOf(column, this.parts.dataSource.driver);
      column.setEntityValue(identity, hydrate === undefined ? value : hydrate(value));
    }
    return identity;
  }

  /**
   * Creates entities from the rows of such a select, like `getMany`, including listeners and subscribers. Loads to-many
   * relations with one statement each.
   *
   * @param manager of the transaction that read the rows; by default the DataSource's
   */
  async entities(rows: readonly RawRow[], manager: EntityManager = this.parts.dataSource.manager): Promise<T[]> {
    const waiting = new Map<SelectedBranch, ParentRow[]>();
    const reading: HydrationContext = {
      runner: manager.queryRunner,
      found: (branch, row, entity) => {
        const owners = waiting.get(branch);
        if (owners === undefined) waiting.set(branch, [{ row, entity }]);
        else owners.push({ row, entity });
      },
    };
    const entities = rows.map((row) => this.reader.read(row, reading) as T);
    // Loaded entities may have to-many relations themselves; these are appended to `waiting` during the loop.
    for (const [branch, owners] of waiting) await this.included.get(branch)!.load(owners, reading, manager);
    if (this.hasRelationIds) await addRelationIds(this.selected, entities, manager);
    if (this.hasJoins) markHiddenRelations(this.parts.metadata, entities);
    await this.announce(entities, manager);
    return entities;
  }

  /** Not cached, because subscribers may be added at any time. `listenTo` is ignored, because its result may change. */
  private get hasSubscribers(): boolean {
    return this.parts.dataSource.subscribers.some((subscriber) => 'afterLoad' in subscriber);
  }

  /** Runs `@AfterLoad` and subscribers, for included entities too. */
  private async announce(entities: T[], manager: EntityManager): Promise<void> {
    const { dataSource, metadata } = this.parts;
    if (entities.length === 0 || !(this.hasListeners || this.hasSubscribers)) return;
    const runner = manager.queryRunner ?? dataSource.createQueryRunner(dataSource.defaultReplicationModeForReads());
    try {
      await runner.broadcaster.broadcast('Load', metadata, entities);
    } finally {
      if (runner !== manager.queryRunner) await runner.release();
    }
  }
}

/**
 * Identifiers that are short enough for every database and differ from the names that statements use themselves; see
 * `keyAlias` and `TOTAL`.
 */
const PLAIN_NAME = /^(?!total$|[ck]\d+$)[a-z]\w{0,29}$/i;

/** Names columns like the JSON keys, so that a row can be returned as it is. */
function shownNames(fields: readonly JsonField[]): ReadonlyMap<ColumnMetadata, string> {
  const names = new Map<string, JsonField>();
  for (const field of fields) if (PLAIN_NAME.test(field.key)) names.set(field.key.toLowerCase(), field);
  return new Map([...names.values()].map(({ column, key }) => [column.metadata, key]));
}

/** Iterates over an entity and all included ones, of any select. */
function* withIncluded(entity: SelectionNode): Generator<SelectionNode> {
  for (const selected of walkJoined(entity)) {
    yield selected;
    for (const branch of selected.branches) yield* withIncluded(branch.entity);
  }
}

function isListenedTo({ metadata }: SelectionNode): boolean {
  return [metadata, ...metadata.childEntityMetadatas].some(({ afterLoadListeners }) => afterLoadListeners.length > 0);
}
