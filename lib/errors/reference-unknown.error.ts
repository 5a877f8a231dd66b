/**
 * A write names a row, by a foreign key, that does not exist as far as the tenant scope can see.
 *
 * A row of another tenant and a row that never existed give the same error.
 */
export class ReferenceUnknownError extends Error {
  override readonly name = 'ReferenceUnknownError';

  /**
   * @param entity class name of the entity that was written
   * @param property property path of the reference, for example `assigneeId` or `tags`
   */
  constructor(
    readonly entity: string,
    readonly property: string,
  ) {
    super(`${entity}.${property} refers to a row that does not exist.`);
  }
}
