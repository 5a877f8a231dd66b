/**
 * A page of a list. Which fields are set depends on the query.
 *
 * @example
 * const { items, total } = await this.service.findAll({ limit: 10 });
 */
export class Page<T> {
  /** The rows. */
  items!: T[];
  /** The number of rows in the whole list; absent if they are not counted. */
  total?: number;
  /** True if the list has more rows than `total`, because the count was capped. */
  totalIsCapped?: true;
  /** The page size; 0 if only the total was requested. */
  limit!: number;
  /** The number of rows before the page; absent for a page at a cursor. */
  offset?: number;
  /** The number of the page, from 1, if the query has one. */
  page?: number;
  /** The cursor of the next page; null on the last page. */
  nextCursor?: string | null;
  /** The cursor of the previous page; null on the first page. */
  prevCursor?: string | null;

  /** @param parts the fields to set */
  constructor(parts: Pick<Page<T>, 'items' | 'limit'> & Partial<Page<T>>) {
    Object.assign(this, parts);
  }
}
