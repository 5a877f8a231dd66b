/** An entity of which nothing says whether its rows belong to a tenant. */
export interface UndeclaredEntity {
  /** The entity's name. */
  readonly name: string;
  /** The decorator that most likely fits it, for example `@TenantScoped()`. */
  readonly proposal: string;
}

const undeclared = new WeakMap<object, readonly UndeclaredEntity[]>();

/** Remembers the undeclared entities of the application that a `Tenancy` belongs to. */
export function noteUndeclaredEntities(tenancy: object, entities: readonly UndeclaredEntity[]): void {
  undeclared.set(tenancy, Object.freeze([...entities]));
}

/** Returns the undeclared entities that the start has found; empty before the start, and without Nest. */
export function undeclaredEntitiesOf(tenancy: object): readonly UndeclaredEntity[] {
  return undeclared.get(tenancy) ?? [];
}
