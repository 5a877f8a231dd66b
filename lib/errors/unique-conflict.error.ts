/**
 * Error of a write that violates a unique key.
 *
 * The message names properties, but not values, and is the same for every owner of the existing row.
 *
 * @example
 * await users.insert({ email }).catch((error) => {
 *   if (error instanceof UniqueConflictError) console.log(error.properties); // ['email']
 * });
 */
export class UniqueConflictError extends Error {
  override readonly name = 'UniqueConflictError';

  /**
   * @param entity class name of the written entity
   * @param properties property paths of the unique key without tenant columns; empty if the driver does not report the
   * key
   */
  constructor(
    readonly entity: string,
    readonly properties: readonly string[],
  ) {
    super(
      properties.length > 0
        ? `There is another ${entity} with the same ${properties.join(', ')}.`
        : `There is another ${entity} with the same unique key.`,
    );
  }
}
