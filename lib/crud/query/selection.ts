import type { DataSource, EntityManager, EntityMetadata, SelectQueryBuilder } from 'typeorm';
import type { RawRow, ScopedStatement } from '../../orm/scoped-statement.js';
import { noteUnseen } from '../../orm/unseen-relations.js';
import { EntityReader } from './entity-reader.js';
import { Remembered } from './remembered.js';
import { applySelection, EntitySelector, includeTree } from './selected-entity.js';
import type { SelectedEntity } from './selected-entity.js';

/** How many statements are remembered. */
const MAX_STATEMENTS = 100;

/** What is read of the rows of an entity; see {@link Selection}. */
export interface SelectionParts {
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  /** Paths of relations to read along. */
  readonly include: readonly string[];
  /** Properties to read; all by default. */
  readonly fields?: readonly string[] | undefined;
}

/**
 * What a select reads of a resource, and how its rows become entities. Compiled once for each combination of includes and fields.
 *
 * @example
 * selection.apply(select, 'ticket');
 * const tickets = await selection.entities(await statement.run(slots));
 */
export class Selection<T extends object> {
  /** The statements that read it, by what tells their texts apart. */
  readonly statements = new Remembered<ScopedStatement>(MAX_STATEMENTS);
  private readonly selected: SelectedEntity;
  private readonly reader: EntityReader;

  constructor(private readonly parts: SelectionParts) {
    const fields = parts.fields && new Set(parts.fields);
    this.selected = new EntitySelector().select(
      parts.metadata,
      includeTree(parts.include),
      fields && ((column) => fields.has(column.propertyPath.split('.', 1)[0])),
    );
    this.reader = new EntityReader(this.selected, parts.dataSource.driver);
  }

  /**
   * Puts the columns and joins into a select, in place of what it has selected.
   *
   * @param alias how the select calls the resource's table
   */
  apply(select: SelectQueryBuilder<T>, alias: string): void {
    select.select([]);
    applySelection(select, alias, this.selected);
  }

  /**
   * Makes entities of the rows of such a select: what `getMany` would give, listeners and subscribers included.
   *
   * @param manager of the transaction that the rows were read in; the DataSource's own by default
   */
  async entities(rows: readonly RawRow[], manager: EntityManager = this.parts.dataSource.manager): Promise<T[]> {
    const entities = rows.map((row) => this.reader.read(row, manager.queryRunner) as T);
    if (this.selected.joined.length > 0) noteUnseen(this.parts.metadata, entities);
    await this.announce(entities, manager);
    return entities;
  }

  /** Runs `@AfterLoad` and subscribers, of included entities too. */
  private async announce(entities: T[], manager: EntityManager): Promise<void> {
    if (entities.length === 0 || !this.isListenedTo(this.selected)) return;
    const { dataSource, metadata } = this.parts;
    const runner = manager.queryRunner ?? dataSource.createQueryRunner(dataSource.defaultReplicationModeForReads());
    try {
      await runner.broadcaster.broadcast('Load', metadata, entities);
    } finally {
      if (runner !== manager.queryRunner) await runner.release();
    }
  }

  private isListenedTo({ metadata, joined }: SelectedEntity): boolean {
    return (
      [metadata, ...metadata.childEntityMetadatas].some(({ afterLoadListeners }) => afterLoadListeners.length > 0) ||
      // Which entities a subscriber is for, it may decide late.
      this.parts.dataSource.subscribers.some((subscriber) => subscriber.afterLoad !== undefined) ||
      joined.some(({ entity }) => this.isListenedTo(entity))
    );
  }
}
