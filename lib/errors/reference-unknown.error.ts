/**
 * Error of a write whose foreign key references a row that does not exist or that the tenant scope cannot see.
 *
 * A row of another tenant and a missing row give the same error.
 *
 * @example
 * await tickets.insert({ subject: 'Late', assigneeId: 99 }); // throws if user 99 belongs to another tenant
 */
export class ReferenceUnknownError extends Error {
  override readonly name = 'ReferenceUnknownError';

  /**
   * @param entity class name of the written entity
   * @param property property path of the reference, e.g. `assigneeId` or `tags`
   */
  constructor(
    readonly entity: string,
    readonly property: string,
  ) {
    super(`${entity}.${property} refers to a row that does not exist.`);
  }
}
