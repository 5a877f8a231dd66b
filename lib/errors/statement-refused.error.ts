/**
 * A statement was refused because it cannot be scoped: hand-written SQL on a scoped table, text that closes the
 * bracket around the tenant predicate, an operation whose SQL the library cannot read.
 *
 * Thrown before the statement is sent.
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
