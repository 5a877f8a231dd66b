/**
 * Which worlds have row-level security: none, both, or the busy one alone. In the last two cases both hold the same
 * rows, and every answer must be the same with it as without:
 *
 * - `compared`: the busy world has the predicates of the query builders too,
 * - `alone`: it has no predicates, so that the database alone limits its statements.
 */
export type RowSecurityMode = 'off' | 'on' | 'compared' | 'alone';

export function rowSecurityMode(): RowSecurityMode {
  return (process.env['TEST_ROW_SECURITY'] ?? 'off') as RowSecurityMode;
}

/** Whether the worlds hold the same rows, of which one is limited by the query builders and one by the database. */
export function comparesWalls(): boolean {
  return ['compared', 'alone'].includes(rowSecurityMode());
}
