/** Entity that is declared neither tenant-scoped nor shared. */
export interface UndeclaredEntity {
  readonly name: string;
  /** Decorator that most likely fits the entity, e.g. `@TenantScoped()`. */
  readonly proposal: string;
}

const undeclared = new WeakMap<object, readonly UndeclaredEntity[]>();

/** Stores the undeclared entities of the application that a `Tenancy` belongs to. */
export function noteUndeclaredEntities(tenancy: object, entities: readonly UndeclaredEntity[]): void {
  undeclared.set(tenancy, Object.freeze([...entities]));
}

/** Returns the undeclared entities found at startup; an empty list before startup and without Nest. */
export function undeclaredEntitiesOf(tenancy: object): readonly UndeclaredEntity[] {
  return undeclared.get(tenancy) ?? [];
}
