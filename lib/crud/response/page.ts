/**
 * A part of a list. Which of its fields it has depends on how it was asked for.
 *
 * @example
 * const { items, total } = await this.service.findAll({ limit: 10 });
 */
export class Page<T> {
  /** The rows. */
  items!: T[];
  /** How many rows the whole list has; absent where they are not counted. */
  total?: number;
  /** Whether the list has more rows than `total` says: counting has stopped there. */
  totalIsCapped?: true;
  /** Most rows that the page could have. */
  limit!: number;
  /** Rows before the page; absent where a cursor says where it begins. */
  offset?: number;
  /** The cursor of the next page; null where this one is the last. */
  nextCursor?: string | null;
  /** The cursor of the page before; null where this one is the first. */
  prevCursor?: string | null;

  /** @param parts its fields, those that it shall not have left out */
  constructor(parts: Pick<Page<T>, 'items' | 'limit'> & Partial<Page<T>>) {
    Object.assign(this, parts);
  }
}
