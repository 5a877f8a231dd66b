/** The violated constraint of a {@link UniqueConflictError}. */
export interface ViolatedConstraint {
  /** Its name in the database; undefined if the driver does not report it. */
  readonly constraint?: string | undefined;
  /** Whether it is an exclusion constraint, as against overlapping ranges. */
  readonly isExclusion?: boolean;
  /** The application's text for it. */
  readonly explanation?: string | undefined;
}

/**
 * Error of a write that violates a unique key, or an exclusion constraint of PostgreSQL.
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
  /** The name of the violated constraint in the database; undefined if the driver does not report it. */
  readonly constraint: string | undefined;
  /** Whether an exclusion constraint is violated: the rows are not equal, but conflict, e.g. by overlapping ranges. */
  readonly isExclusion: boolean;
  /** The application's text for the constraint, which clients get; undefined for the default one. */
  readonly explanation: string | undefined;

  /**
   * @param entity class name of the written entity
   * @param properties property paths of the unique key without tenant columns; empty if the driver does not report the
   * key
   * @param violated the violated constraint
   */
  constructor(
    readonly entity: string,
    readonly properties: readonly string[],
    { constraint, isExclusion = false, explanation }: ViolatedConstraint = {},
  ) {
    const names = properties.length > 0 ? properties.join(', ') : 'unique key';
    super(
      isExclusion
        ? `There is another ${entity} that conflicts with this one${properties.length > 0 ? ` in ${names}` : ''}.`
        : `There is another ${entity} with the same ${names}.`,
    );
    this.constraint = constraint;
    this.isExclusion = isExclusion;
    this.explanation = explanation;
  }
}

/** Returns what a client is told of a conflict: the application's text, or the names of the fields. */
export function conflictText({ properties, isExclusion, explanation }: UniqueConflictError): string {
  if (explanation !== undefined) return explanation;
  const names = properties.join(', ');
  if (isExclusion)
    return names === '' ? 'the row conflicts with another one' : `${names} must not conflict with another row`;
  return names === '' ? 'a row with the same unique key exists already' : `${names} must be unique`;
}
