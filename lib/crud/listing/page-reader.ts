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
import type { Projection } from '../query/row-rules.js';

/** The answer that the rows of a page are read for. */
export interface RawRowConsumer {
  /** Whether they go to nobody else, so that no entities are needed. */
  readonly acceptsRawRows: boolean;
  /** What it asks. */
  readonly projection: Projection;
  /** Set where they have the form of an answer. */
  isSerialized: boolean;
}

/** Reads the pages of one list. */
export class PageReader<T extends object> {
  private readonly json: JsonHydrator | undefined;

  /**
   * @param manager a transaction's, or the DataSource's own
   * @param answer what takes the rows in the form that they have in JSON; undefined where application code wants entities
   */
  constructor(
    private readonly plan: ListPlan<T>,
    private readonly manager: EntityManager,
    private readonly answer: RawRowConsumer | undefined,
  ) {
    this.json = answer && plan.selection.json;
  }

  /** The page behind an offset. Its rows bring the total along; behind the last one it is asked for. */
  async atOffset(): Promise<Page<T>> {
    const { plan } = this;
    const { limit, offset, count } = plan;
    const rows = await this.rows(plan.atOffset());
    const items = this.toJsonRows(rows, count !== 'none') ?? (await plan.selection.entities(rows, this.manager));
    if (count === 'none') return new Page({ items, limit, offset });
    return new Page({ items, ...totalOf(rows[0] ?? (await this.fetchTotal()), count), limit, offset });
  }

  /**
   * The page at a cursor; the first one for an empty text.
   *
   * @throws BadRequestException for a cursor that is none of this list
   */
  async atCursor(cursor: string): Promise<Page<T>> {
    const { limit, selection } = this.plan;
    const fingerprint = this.fingerprint();
    const start = this.positionOf(cursor, fingerprint);
    // One more row tells whether there is a further page.
    const found = await this.rows(this.plan.atCursor(start));
    const hasMore = found.length > limit;
    const isBackwards = start.reads === 'backwards';
    const rows = isBackwards ? found.slice(0, limit).reverse() : found.slice(0, limit);
    const cursorAt = (row: RawRow | undefined, reads: CursorPosition['reads']): string | null =>
      row === undefined ? null : encodeCursor({ reads, values: this.keysOf(row) }, fingerprint);
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
   * The rows as an answer shows them; undefined where somebody wants entities.
   *
   * @param carryMore whether there is something in them besides
   */
  private toJsonRows(rows: readonly RawRow[], carryMore: boolean): T[] | undefined {
    const { json, answer } = this;
    if (json === undefined || answer === undefined) return undefined;
    answer.isSerialized = true;
    // Nobody looks at them but the interceptor, which knows.
    return json.readAll(rows, carryMore) as T[];
  }

  /** Before the first row there is nothing to count. */
  private async fetchTotal(): Promise<RawRow> {
    if (this.plan.offset === 0) return { [TOTAL]: 0 };
    const { statement, slots } = this.plan.counted();
    const [row] = await statement.run(slots, this.manager);
    return row;
  }

  private positionOf(cursor: string, fingerprint: string): CursorPosition {
    if (cursor === '') return { reads: 'forwards', values: [] };
    const position = decodeCursor(cursor, fingerprint, this.plan.request.order);
    if (position === undefined) {
      throw new BadRequestException([
        'cursor must be one that a page of this list, with this sort and these filters, has given',
      ]);
    }
    return position;
  }

  private keysOf(row: RawRow): CursorPosition['values'] {
    return this.plan.request.order.map((_, i) => keyValue(row[keyAlias(i)]));
  }

  private fingerprint(): string {
    const { resource, query } = this.plan;
    const { filters, search, sort, deleted } = query;
    const within = this.plan.request.conditions.map(({ column, parameter }) => [column.propertyPath, parameter]);
    return listFingerprint(resource.name, within, filters ?? {}, search ?? '', sort ?? [], deleted ?? '');
  }
}

function totalOf(row: RawRow, count: CountMode): Pick<Page<object>, 'total' | 'totalIsCapped'> {
  const total = Number(row[TOTAL]);
  return count === 'capped' && total > COUNT_CAP ? { total: COUNT_CAP, totalIsCapped: true } : { total };
}
