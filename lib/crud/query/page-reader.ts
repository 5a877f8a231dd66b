import { BadRequestException } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RawRow } from '../../orm/scoped-statement.js';
import type { Condition } from '../rows/conditions.js';
import type { Resource } from '../resource/resource.js';
import { keyValue, listFingerprint, readCursor, writeCursor } from './cursor.js';
import type { CursorPosition } from './cursor.js';
import type { JsonReader } from './json-reader.js';
import { Page } from './list-query.js';
import type { ListCount, ListQuery } from './list-query.js';
import { readListRequest } from './list-request.js';
import type { ListRequest } from './list-request.js';
import { COUNT_CAP } from './list-rules.js';
import { countStatement, isUsualLength, keyAlias, listValues, pageStatement, startValues, TOTAL } from './plan-list.js';
import type { PageStart } from './plan-list.js';
import type { Selection } from './selection.js';

/** The answer that the rows of a page are read for. */
export interface RowAnswer {
  /** Whether they go to nobody else, so that no entities are needed. */
  readonly takesJson: boolean;
  /** Set where they have the form of an answer. */
  isShaped: boolean;
}

/** Reads the pages of one list. */
export class PageReader<T extends object> {
  private readonly request: ListRequest;
  private readonly selection: Selection<T>;
  private readonly json: JsonReader | undefined;
  private readonly values: Readonly<Record<string, unknown>>;

  /**
   * @param conditions what every row meets besides
   * @param manager a transaction's, or the DataSource's own
   * @param answer what the rows are read for; undefined where application code wants entities
   * @throws TypeError for a column, operator or value that is none
   */
  constructor(
    private readonly resource: Resource<T>,
    private readonly query: ListQuery<T>,
    conditions: readonly Condition[],
    private readonly manager: EntityManager,
    private readonly answer: RowAnswer | undefined,
  ) {
    this.request = readListRequest(resource, query, conditions);
    this.selection = resource.selection(query, resource.list.rows);
    this.json = answer?.takesJson === true ? this.selection.json : undefined;
    this.values = listValues(resource, this.request);
  }

  /** The page behind an offset. Its rows bring the total along; behind the last one it is asked for. */
  async atOffset(limit: number, offset: number): Promise<Page<T>> {
    const count = this.query.count ?? this.resource.list.count;
    const rows = await this.rows('offset', limit, limit, offset, count);
    const items = this.asAnswered(rows) ?? (await this.selection.entities(rows, this.manager));
    if (count === 'none') return new Page({ items, limit, offset });
    return new Page({ items, ...this.totalOf(rows[0] ?? (await this.counted(count, offset)), count), limit, offset });
  }

  /**
   * The page at a cursor; the first one for an empty text.
   *
   * @throws BadRequestException for a cursor that is none of this list
   */
  async atCursor(cursor: string, limit: number): Promise<Page<T>> {
    const fingerprint = this.fingerprint();
    const start = this.positionOf(cursor, fingerprint);
    // One more row tells whether there is a further page.
    const found = await this.rows(start, limit, limit + 1, 0, 'none');
    const hasMore = found.length > limit;
    const isBackwards = start.reads === 'backwards';
    const rows = isBackwards ? found.slice(0, limit).reverse() : found.slice(0, limit);
    const cursorAt = (row: RawRow | undefined, reads: CursorPosition['reads']): string | null =>
      row === undefined ? null : writeCursor({ reads, values: this.keysOf(row) }, fingerprint);
    return new Page({
      items: this.asAnswered(rows) ?? (await this.selection.entities(rows, this.manager)),
      limit,
      nextCursor: isBackwards || hasMore ? cursorAt(rows.at(-1), 'forwards') : null,
      prevCursor: (isBackwards ? hasMore : cursor !== '') ? cursorAt(rows[0], 'backwards') : null,
    });
  }

  private rows(start: PageStart, length: number, limit: number, offset: number, count: ListCount): Promise<RawRow[]> {
    const cut = offset === 0 && isUsualLength(this.resource, length) ? limit : 'slots';
    const statement = pageStatement(this.resource, this.selection, this.request, start, cut, count);
    const slots = { ...this.values, ...startValues(start), limit, offset };
    return statement.run(slots, this.manager, this.json?.takesJsonInstants);
  }

  /** The rows as an answer shows them; undefined where somebody wants entities. */
  private asAnswered(rows: readonly RawRow[]): T[] | undefined {
    const { json, answer } = this;
    if (json === undefined || answer === undefined) return undefined;
    answer.isShaped = true;
    // Nobody looks at them but the interceptor, which knows.
    return rows.map((row) => json.read(row)) as T[];
  }

  /** Before the first row there is nothing to count. */
  private async counted(count: ListCount, offset: number): Promise<RawRow> {
    if (offset === 0) return { [TOTAL]: 0 };
    const statement = countStatement(this.resource, this.selection, this.request, count === 'capped');
    const [row] = await statement.run(this.values, this.manager);
    return row;
  }

  private totalOf(row: RawRow, count: ListCount): Pick<Page<T>, 'total' | 'totalIsCapped'> {
    const total = Number(row[TOTAL]);
    return count === 'capped' && total > COUNT_CAP ? { total: COUNT_CAP, totalIsCapped: true } : { total };
  }

  private positionOf(cursor: string, fingerprint: string): CursorPosition {
    if (cursor === '') return { reads: 'forwards', values: [] };
    const position = readCursor(cursor, fingerprint, this.request.order);
    if (position === undefined) {
      throw new BadRequestException([
        'cursor must be one that a page of this list, with this sort and these filters, has given',
      ]);
    }
    return position;
  }

  private keysOf(row: RawRow): CursorPosition['values'] {
    return this.request.order.map((_, i) => keyValue(row[keyAlias(i)]));
  }

  private fingerprint(): string {
    const { filters, search, sort, deleted } = this.query;
    return listFingerprint(this.resource.name, filters ?? {}, search ?? '', sort ?? [], deleted ?? '');
  }
}
