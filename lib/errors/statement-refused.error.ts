/**
 * Error of a statement that cannot be limited to a tenant. Examples are raw SQL on a tenant-scoped table, text that
 * closes the bracket around the tenant predicate, and SQL that the library cannot parse.
 *
 * Thrown before the statement is sent.
 *
 * @example
 * await tenancy.run(scope, () => dataSource.query('SELECT * FROM support_ticket')); // throws StatementRefusedError
 */
export class StatementRefusedError extends Error {
  override readonly name = 'StatementRefusedError';

  /**
   * @param reason what was found in the statement, without its values
   * @param instead what to do instead
   */
  constructor(reason: string, instead: string) {
    super(`Statement refused: ${reason}. ${instead}`);
  }
}
