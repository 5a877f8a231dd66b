import type { ColumnPath, RelatedEntity, ToOneKey } from './entity-paths.js';

/**
 * The row in a path that the rows of a resource lie below, keyed by the entity: a relation that does not exist does not
 * compile.
 *
 * @example
 * @Controller('support-tickets/:ticketId/comments/:commentId/reactions')
 * @Crud(Reaction, { parent: { relation: 'comment', parent: { relation: 'ticket' } } })
 */
export type ParentOptions<T> = {
  [R in ToOneKey<T>]: {
    /** The to-one relation that leads to the parent. The entity holds its foreign key. */
    readonly relation: R;
    /** The parameter of the controller's path that names the parent; `${relation}Id` by default. */
    readonly param?: string;
    /** The column that the parameter is a value of; the parent's primary key by default. */
    readonly id?: ColumnPath<RelatedEntity<T, R>>;
    /** The parent's own parent, where the path names it. */
    readonly parent?: ParentOptions<RelatedEntity<T, R>>;
  };
}[ToOneKey<T>];

/** {@link ParentOptions} of whatever entity. */
export interface AnyParentOptions {
  readonly relation: string;
  readonly param?: string;
  readonly id?: string;
  readonly parent?: AnyParentOptions;
}
