import { BadRequestException } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RawRow } from '../../orm/compiled-select.js';
import { keyValue, listFingerprint, decodeCursor, encodeCursor } from './sql/cursor.js';
import type { CursorPosition } from './sql/cursor.js';
import type { JsonHydrator } from './selection/json-hydrator.js';
import { Page } from '../response/page.js';
import type { PreparedCall, ListPlan } from './list-plan.js';
import type { CountMode } from '../query/list-query.js';
import { COUNT_CAP } from '../query/list-rules.js';
import { keyAlias, TOTAL } from './list-statements.js';
import type { Projection } from '../query/projection-rules.js';

/** The consumer of the raw rows of a page: the current request context. */
export interface RawRowConsumer {
  /** True if no application code sees the rows, so that no entities are needed. */
  readonly acceptsRawRows: boolean;
  /** The requested projection. */
  readonly projection: Projection;
  /** Set if the rows are already in response format. */
  isSerialized: boolean;
}

/** Reads the pages of one list. */
export class PageReader<T extends object> {
  private readonly json: JsonHydrator | undefined;

  /**
   * @param manager of a transaction, or of the DataSource
   * @param consumer the consumer of serialized rows; undefined if application code needs entities
   */
  constructor(
    private readonly plan: ListPlan<T>,
    private readonly manager: EntityManager,
    private readonly consumer: RawRowConsumer | undefined,
  ) {
    this.json = consumer && plan.selection.json;
  }

  /** Reads the page at an offset. Its rows contain the total; for an empty page a second statement counts. */
  async atOffset(): Promise<Page<T>> {
    const { plan } = this;
    const { limit, offset, count } = plan;
    const { page } = plan.query;
    const start = { limit, offset, ...(page !== undefined && { page }) };
    if (limit === 0) return new Page({ items: [], ...totalOf(await this.fetchTotal(), count), ...start });
    const rows = await this.rows(plan.atOffset());
    const items = this.toJsonRows(rows, count !== 'none') ?? (await plan.selection.entities(rows, this.manager));
    if (count === 'none') return new Page({ items, ...start });
    return new Page({ items, ...totalOf(rows[0] ?? (await this.fetchTotal()), count), ...start });
  }

  /**
   * Reads the page at a cursor; the first page for an empty string.
   *
   * @throws BadRequestException for a cursor that does not belong to this list
   */
  async atCursor(cursor: string): Promise<Page<T>> {
    const { limit, selection } = this.plan;
    const fingerprint = this.fingerprint();
    const start = this.positionOf(cursor, fingerprint);
    // One more row tells whether there is a further page.
    const found = await this.rows(this.plan.atCursor(start));
    const hasMore = found.length > limit;
    const isBackwards = start.direction === 'backwards';
    const rows = isBackwards ? found.slice(0, limit).reverse() : found.slice(0, limit);
    const cursorAt = (row: RawRow | undefined, direction: CursorPosition['direction']): string | null =>
      row === undefined ? null : encodeCursor({ direction, values: this.keysOf(row) }, fingerprint);
    return new Page({
      items: this.toJsonRows(rows, true) ?? (await selection.entities(rows, this.manager)),
      limit,
      nextCursor: isBackwards || hasMore ? cursorAt(rows.at(-1), 'forwards') : null,
      prevCursor: (isBackwards ? hasMore : cursor !== '') ? cursorAt(rows[0], 'backwards') : null,
    });
  }

  private rows({ statement, slots }: PreparedCall): Promise<RawRow[]> {
    return statement.run(slots, this.manager, this.json?.acceptsIsoStrings);
  }

  /**
   * Returns the rows in response format; undefined if application code needs entities.
   *
   * @param carryMore whether the raw rows contain additional columns
   */
  private toJsonRows(rows: readonly RawRow[], carryMore: boolean): T[] | undefined {
    const { json, consumer } = this;
    if (json === undefined || consumer === undefined) return undefined;
    consumer.isSerialized = true;
    // Safe cast: only the interceptor sees these rows, and `isSerialized` tells it their format.
    return json.readAll(rows, carryMore) as T[];
  }

  /** An empty page at offset 0 needs no count: the total is 0. A page of no rows says nothing of the list. */
  private async fetchTotal(): Promise<RawRow> {
    if (this.plan.offset === 0 && this.plan.limit > 0) return { [TOTAL]: 0 };
    const { statement, slots } = this.plan.counted();
    const [row] = await statement.run(slots, this.manager);
    return row;
  }

  private positionOf(cursor: string, fingerprint: string): CursorPosition {
    if (cursor === '') return { direction: 'forwards', values: [] };
    const position = decodeCursor(cursor, fingerprint, this.plan.request.order);
    if (position === undefined) {
      throw new BadRequestException(['cursor must come from a page of this list with the same sort and filters']);
    }
    return position;
  }

  private keysOf(row: RawRow): CursorPosition['values'] {
    return this.plan.request.order.map((_, i) => keyValue(row[keyAlias(i)]));
  }

  private fingerprint(): string {
    const { resource, query } = this.plan;
    const { filters, search, sort = resource.list.defaultSort, deleted } = query;
    const within = this.plan.request.conditions.map(({ column, parameter }) => [column.propertyPath, parameter]);
    return listFingerprint(resource.name, within, filters ?? {}, search ?? '', sort, deleted ?? '');
  }
}

function totalOf(row: RawRow, count: CountMode): Pick<Page<object>, 'total' | 'totalIsCapped'> {
  const total = Number(row[TOTAL]);
  return count === 'capped' && total > COUNT_CAP ? { total: COUNT_CAP, totalIsCapped: true } : { total };
}
