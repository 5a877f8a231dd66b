/** The properties of an entity that can be columns or relations, i.e. all but methods. */
export type ColumnKey<T> = {
  [K in keyof T & string]-?: T[K] extends (...args: never[]) => unknown ? never : K;
}[keyof T & string];

/**
 * The column names of an entity; those of embedded objects or related entities by path: `address.city`, `tags.name`.
 */
export type ColumnPath<T> = ColumnKey<T> | `${ObjectKey<T>}.${string}`;

type ObjectKey<T> = {
  [K in ColumnKey<T>]: One<Held<T[K]>> extends Date ? never : One<Held<T[K]>> extends object ? K : never;
}[ColumnKey<T>];

type One<V> = V extends readonly (infer E)[] ? E : V;

/** Object types that are values of one column. */
type ColumnValue = Date | Uint8Array | ((...args: never[]) => unknown);

/** The type of a property, unwrapped if the relation is lazy. */
type Held<V> = NonNullable<NonNullable<V> extends Promise<infer P> ? P : V>;

/** The target entity of a relation of `T`. */
export type RelatedEntity<T, K extends keyof T> = Extract<
  Held<T[K]> extends readonly (infer E)[] ? NonNullable<E> : Held<T[K]>,
  object
>;

/** The relation names of an entity, as far as the compiler can tell them from other objects. */
export type RelationKey<T> = {
  [K in ColumnKey<T>]: RelatedEntity<T, K> extends never ? never : RelatedEntity<T, K> extends ColumnValue ? never : K;
}[ColumnKey<T>];

/** The to-one relations of an entity. */
export type ToOneKey<T> = {
  [K in RelationKey<T>]: Held<T[K]> extends readonly unknown[] ? never : K;
}[RelationKey<T>];

/**
 * Paths of up to three relations: `comments`, `comments.author`. The compiler cannot tell other objects from relations;
 * this is checked at startup.
 */
export type RelationPath<T> = RelationPathWithin<T, [1, 1]>;

/**
 * The relation paths of an entity.
 *
 * @typeParam Further a tuple with one element per further relation
 */
type RelationPathWithin<T, Further extends readonly unknown[]> =
  | RelationKey<T>
  | (Further extends readonly [unknown, ...infer Rest]
      ? { [K in RelationKey<T>]: `${K}.${RelationPathWithin<RelatedEntity<T, K>, Rest>}` }[RelationKey<T>]
      : never);

/**
 * The column names of an entity, and those of its relations and embedded objects: `assignee.email`. The compiler checks
 * names only up to the second relation, because there would be too many; the rest is checked at startup.
 */
export type FieldPath<T> = FieldPathWithin<T, [1, 1]>;

/**
 * The field paths of an entity.
 *
 * @typeParam Further a tuple with one element per further level to check
 */
type FieldPathWithin<T, Further extends readonly unknown[]> =
  | ColumnKey<T>
  | (Further extends readonly [unknown, ...infer Rest]
      ? { [K in RelationKey<T>]: `${K}.${FieldPathWithin<RelatedEntity<T, K>, Rest>}` }[RelationKey<T>]
      : `${RelationKey<T>}.${string}`);

/** The to-many relations of an entity. */
export type ToManyKey<T> = Exclude<RelationKey<T>, ToOneKey<T>>;
