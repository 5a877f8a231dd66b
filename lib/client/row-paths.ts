/** The properties of a row that can be columns or relations, i.e. all but methods. */
export type RowKey<Row> = {
  [K in keyof Row & string]-?: Row[K] extends (...args: never[]) => unknown ? never : K;
}[keyof Row & string];

/** The value of a property, without null and undefined. */
export type Held<Row, K extends keyof Row> = NonNullable<Row[K]>;

/** The type of a related row or of an embedded object; never for the values of a column. */
export type Related<V> = V extends readonly (infer E)[]
  ? Related<NonNullable<E>>
  : V extends Date | Uint8Array | ((...args: never[]) => unknown)
    ? never
    : V extends object
      ? V
      : never;

/** The properties of a row that hold related rows, as far as the compiler can tell them from other objects. */
export type RelationKey<Row> = {
  [K in RowKey<Row>]: [Related<Held<Row, K>>] extends [never] ? never : K;
}[RowKey<Row>];

/**
 * A tuple with one element per relation that a path may still cross. The server allows three; the types have two,
 * because rows that refer to each other have too many longer paths.
 */
type Relations = readonly [1, 1];

/** The columns and relations of a row, and those of its related rows by path: `assignee.email`. */
export type RowPath<Row> = RowPathWithin<Row, Relations>;

type RowPathWithin<Row, Further extends readonly unknown[]> =
  | RowKey<Row>
  | (Further extends readonly [unknown, ...infer Rest]
      ? { [K in RelationKey<Row>]: `${K}.${RowPathWithin<Related<Held<Row, K>>, Rest>}` }[RelationKey<Row>]
      : never);

/** The relations of a row, and those of its related rows by path: `comments.author`. */
export type RelationPath<Row> = RelationPathWithin<Row, Relations>;

type RelationPathWithin<Row, Further extends readonly unknown[]> =
  | RelationKey<Row>
  | (Further extends readonly [unknown, ...infer Rest]
      ? { [K in RelationKey<Row>]: `${K}.${RelationPathWithin<Related<Held<Row, K>>, Rest>}` }[RelationKey<Row>]
      : never);

/** The value at a path, with null if the row may hold null there. */
export type ValueAt<Row, Path extends string> = Path extends keyof Row
  ? Exclude<Row[Path], undefined>
  : Path extends `${infer K}.${infer Rest}`
    ? K extends keyof Row
      ? ValueAt<Related<Held<Row, K>>, Rest>
      : never
    : never;
