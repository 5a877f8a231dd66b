/**
 * A write collides with an existing row on a unique key.
 *
 * The message names properties, never values, and is the same whoever owns the other row.
 */
export class UniqueConflictError extends Error {
  override readonly name = 'UniqueConflictError';

  /**
   * @param entity class name of the entity that was written
   * @param properties property paths of the unique key, tenant columns left out; empty when the driver does not tell
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
