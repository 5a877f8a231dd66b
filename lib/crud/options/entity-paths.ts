/** Property names of an entity that can be columns or relations: methods are none. */
export type ColumnKey<T> = {
  [K in keyof T & string]-?: T[K] extends (...args: never[]) => unknown ? never : K;
}[keyof T & string];

/** Names of an entity's columns; those of an embedded object or of related entities by path: `address.city`, `tags.name`. */
export type ColumnPath<T> = ColumnKey<T> | `${ObjectKey<T>}.${string}`;

type ObjectKey<T> = {
  [K in ColumnKey<T>]: One<Held<T[K]>> extends Date ? never : One<Held<T[K]>> extends object ? K : never;
}[ColumnKey<T>];

type One<V> = V extends readonly (infer E)[] ? E : V;

/** Objects that are values of one column. */
type ColumnValue = Date | Uint8Array | ((...args: never[]) => unknown);

/** What a property holds, of a lazy relation too. */
type Held<V> = NonNullable<NonNullable<V> extends Promise<infer P> ? P : V>;

/** The entity that a relation of `T` leads to. */
export type RelatedEntity<T, K extends keyof T> = Extract<
  Held<T[K]> extends readonly (infer E)[] ? NonNullable<E> : Held<T[K]>,
  object
>;

/** Names of an entity's relations, as far as the compiler can tell them from other objects. */
export type RelationKey<T> = {
  [K in ColumnKey<T>]: RelatedEntity<T, K> extends never ? never : RelatedEntity<T, K> extends ColumnValue ? never : K;
}[ColumnKey<T>];

/** Names of an entity's relations to one other row. */
export type ToOneKey<T> = {
  [K in RelationKey<T>]: Held<T[K]> extends readonly unknown[] ? never : K;
}[RelationKey<T>];

/**
 * Paths over at most three relations: `comments`, `comments.author`. Objects that are no relations cannot be told from
 * them by the compiler; that is checked at the start.
 */
export type RelationPath<T> = RelationPathWithin<T, [1, 1]>;

/** @typeParam Further as many elements as further relations may follow */
type RelationPathWithin<T, Further extends readonly unknown[]> =
  | RelationKey<T>
  | (Further extends readonly [unknown, ...infer Rest]
      ? { [K in RelationKey<T>]: `${K}.${RelationPathWithin<RelatedEntity<T, K>, Rest>}` }[RelationKey<T>]
      : never);

/**
 * Names of an entity's columns, and those that its relations and embedded objects lead to: `assignee.email`. Behind the
 * second relation a name is not looked at, since there would be too many; that is checked at the start.
 */
export type FieldPath<T> = FieldPathWithin<T, [1, 1]>;

/** @typeParam Further as many elements as there are further levels whose names are looked at */
type FieldPathWithin<T, Further extends readonly unknown[]> =
  | ColumnKey<T>
  | (Further extends readonly [unknown, ...infer Rest]
      ? { [K in RelationKey<T>]: `${K}.${FieldPathWithin<RelatedEntity<T, K>, Rest>}` }[RelationKey<T>]
      : `${RelationKey<T>}.${string}`);

/** Names of an entity's relations to any number of rows. */
export type ToManyKey<T> = Exclude<RelationKey<T>, ToOneKey<T>>;
