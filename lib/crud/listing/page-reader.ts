import { BadRequestException } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { keyValue, listFingerprint, decodeCursor, encodeCursor } from './sql/cursor.js';
import type { CursorPosition } from './sql/cursor.js';
import { ListedRows } from './listed-rows.js';
import type { JsonHydrator } from './selection/json-hydrator.js';
import type { JsonRowWriter } from './selection/json-row-writer.js';
import { Page } from '../response/page.js';
import { SerializedRows } from '../response/serialized-rows.js';
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
  private readonly writer: JsonRowWriter | undefined;

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
    this.writer = consumer && plan.selection.writer;
  }

  /** Reads the page at an offset. Its rows contain the total; for an empty page a second statement counts. */
  async atOffset(): Promise<Page<T>> {
    const { plan } = this;
    const { limit, offset, count } = plan;
    const { page } = plan.query;
    const start = { limit, offset, ...(page !== undefined && { page }) };
    if (limit === 0) return new Page({ items: [], ...totalOf(await this.fetchTotal(), count), ...start });
    const call = plan.atOffset();
    const rows = await this.rows(call);
    const items = await this.items(rows, count !== 'none', () => this.objects(call));
    if (count === 'none') return new Page({ items, ...start });
    const total = rows.length > 0 ? rows.value(0, TOTAL) : await this.fetchTotal();
    return new Page({ items, ...totalOf(total, count), ...start });
  }

  /**
   * Reads the page at a cursor; the first page for an empty string.
   *
   * @throws BadRequestException for a cursor that does not belong to this list
   */
  async atCursor(cursor: string): Promise<Page<T>> {
    const { limit } = this.plan;
    const fingerprint = this.fingerprint();
    const start = this.positionOf(cursor, fingerprint);
    // One more row tells whether there is a further page.
    const call = this.plan.atCursor(start);
    const found = await this.rows(call);
    const hasMore = found.length > limit;
    const isBackwards = start.direction === 'backwards';
    const rows = found.cut(limit, isBackwards);
    const items = await this.items(rows, true, async () => (await this.objects(call)).cut(limit, isBackwards));
    const cursorAt = (index: number, direction: CursorPosition['direction']): string | null =>
      rows.length === 0 ? null : encodeCursor({ direction, values: this.keysOf(rows, index) }, fingerprint);
    return new Page({
      items,
      limit,
      nextCursor: isBackwards || hasMore ? cursorAt(-1, 'forwards') : null,
      prevCursor: (isBackwards ? hasMore : cursor !== '') ? cursorAt(0, 'backwards') : null,
    });
  }

  /** Reads rows as texts if nothing but the response needs them. */
  private async rows(call: PreparedCall): Promise<ListedRows> {
    if (this.writer === undefined) return this.objects(call);
    return new ListedRows(await call.statement.runAsTexts(call.slots, this.manager));
  }

  private async objects({ statement, slots }: PreparedCall): Promise<ListedRows> {
    return new ListedRows(await statement.run(slots, this.manager, this.json?.acceptsIsoStrings));
  }

  /**
   * Returns the rows in response format, or as entities if application code needs them.
   *
   * @param carryMore whether the rows contain additional columns
   * @param readAgain reads the same rows as objects
   */
  private async items(found: ListedRows, carryMore: boolean, readAgain: () => Promise<ListedRows>): Promise<T[]> {
    const { json, writer, consumer, manager } = this;
    const { texts, objects } = found;
    const { selection } = this.plan;
    const written = texts && (await writer!.write(texts, manager));
    if (written !== undefined) {
      consumer!.isSerialized = true;
      // Safe cast: only the interceptor sees these rows, and `isSerialized` tells it their format.
      return new SerializedRows(written) as unknown as T[];
    }
    // Statements need a query runner since these rows were read, so the included ones come as objects.
    const rows = objects ?? (await readAgain()).objects!;
    if (json === undefined) return selection.entities(rows, manager);
    consumer!.isSerialized = true;
    return json.readAll(rows, carryMore) as T[];
  }

  /** An empty page at offset 0 needs no count: the total is 0. A page of no rows says nothing of the list. */
  private async fetchTotal(): Promise<unknown> {
    if (this.plan.offset === 0 && this.plan.limit > 0) return 0;
    const { statement, slots } = this.plan.counted();
    const [row] = await statement.run(slots, this.manager);
    return row[TOTAL];
  }

  private positionOf(cursor: string, fingerprint: string): CursorPosition {
    if (cursor === '') return { direction: 'forwards', values: [] };
    const position = decodeCursor(cursor, fingerprint, this.plan.request.order);
    if (position === undefined) {
      throw new BadRequestException(['cursor must come from a page of this list with the same sort and filters']);
    }
    return position;
  }

  private keysOf(rows: ListedRows, index: number): CursorPosition['values'] {
    return this.plan.request.order.map((_, i) => keyValue(rows.value(index, keyAlias(i))));
  }

  private fingerprint(): string {
    const { resource, query } = this.plan;
    const { filters, search, sort = resource.list.defaultSort, deleted } = query;
    const within = this.plan.request.conditions.map(({ column, parameter }) => [column.propertyPath, parameter]);
    return listFingerprint(resource.name, within, filters ?? {}, search ?? '', sort, deleted ?? '');
  }
}

function totalOf(found: unknown, count: CountMode): Pick<Page<object>, 'total' | 'totalIsCapped'> {
  const total = Number(found);
  return count === 'capped' && total > COUNT_CAP ? { total: COUNT_CAP, totalIsCapped: true } : { total };
}
