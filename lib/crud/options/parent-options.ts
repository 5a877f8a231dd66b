import type { ColumnPath, RelatedEntity, ToOneKey } from './entity-paths.js';

/**
 * The parent of a resource's rows. It is typed by the entity, so that an unknown relation does not compile.
 *
 * @example
 * @Controller('support-tickets/:ticketId/comments/:commentId/reactions')
 * @Crud(Reaction, { parent: { relation: 'comment', parent: { relation: 'ticket' } } })
 */
export type ParentOptions<T> = {
  [R in ToOneKey<T>]: {
    /** The to-one relation to the parent. The entity must have its foreign key. */
    readonly relation: R;
    /** The path parameter that identifies the parent; `${relation}Id` by default. */
    readonly param?: string;
    /** The parent's column that the parameter refers to; its primary key by default. */
    readonly id?: ColumnPath<RelatedEntity<T, R>>;
    /** The parent's own parent, if the path contains it. */
    readonly parent?: ParentOptions<RelatedEntity<T, R>>;
  };
}[ToOneKey<T>];

/** {@link ParentOptions} of any entity. */
export interface AnyParentOptions {
  readonly relation: string;
  readonly param?: string;
  readonly id?: string;
  readonly parent?: AnyParentOptions;
}
