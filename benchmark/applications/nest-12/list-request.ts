/** The query parameters that the plain controllers read. */
export interface ListParameters {
  limit: string;
  count?: 'none' | 'exact';
  status?: string;
  priority__gte?: string;
  sort?: string;
  include?: 'assignee' | 'comments';
  cursor?: string;
}

/** The row after which a page by cursor begins. */
export interface Position {
  createdAt: string;
  id: string;
}

/** Reads a cursor; undefined for the empty one of the first page. */
export function readCursor(cursor: string | undefined): Position | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const [createdAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, string];
  return { createdAt, id };
}

/** Writes the cursor of the page after `row`; null after the last page. */
export function writeCursor(row: { createdAt: Date; id: string } | undefined): string | null {
  if (row === undefined) return null;
  return Buffer.from(JSON.stringify([row.createdAt.toISOString(), row.id])).toString('base64url');
}
