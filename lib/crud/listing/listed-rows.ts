import type { RawRow } from '../../orm/compiled-select.js';
import type { TextRows } from '../../orm/execution/postgres-query.js';

/** The rows of a page, as objects or as the texts that PostgreSQL sends. */
export class ListedRows {
  constructor(private readonly sent: readonly RawRow[] | TextRows) {}

  get length(): number {
    return this.objects?.length ?? this.texts!.rows.length;
  }

  /** The rows as objects; undefined if they are texts. */
  get objects(): readonly RawRow[] | undefined {
    return isTexts(this.sent) ? undefined : this.sent;
  }

  /** The rows as texts; undefined if they are objects. */
  get texts(): TextRows | undefined {
    return isTexts(this.sent) ? this.sent : undefined;
  }

  /**
   * Returns a column's value as the driver parses it.
   *
   * @param index from the end if it is negative
   */
  value(index: number, name: string): unknown {
    if (!isTexts(this.sent)) return this.sent.at(index)![name];
    const { columns, rows, types } = this.sent;
    const at = columns.findIndex((column) => column.name === name);
    const text = rows.at(index)![at];
    return text === null ? null : types.getTypeParser(columns[at].dataTypeID, columns[at].format)(text);
  }

  /** Returns the first rows, in reverse order if told so. */
  cut(limit: number, isReversed: boolean): ListedRows {
    const cut = <R>(rows: readonly R[]): R[] => (isReversed ? rows.slice(0, limit).reverse() : rows.slice(0, limit));
    const { sent } = this;
    return new ListedRows(isTexts(sent) ? { ...sent, rows: cut(sent.rows) } : cut(sent));
  }
}

function isTexts(sent: readonly RawRow[] | TextRows): sent is TextRows {
  return !Array.isArray(sent);
}
