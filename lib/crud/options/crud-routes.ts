/** The routes that `@Crud` serves unless its options say otherwise, by the names of the controller's methods. */
export const DEFAULT_ROUTES = ['findAll', 'findOne', 'create', 'replace', 'update', 'remove'] as const;

/** The routes that it serves where `also` or `only` names them. */
export const OPT_IN_ROUTES = ['createMany', 'restore'] as const;

/** All routes that `@Crud` can serve. */
export const CRUD_ROUTES = [...DEFAULT_ROUTES, ...OPT_IN_ROUTES] as const;

/** The name of a route that `@Crud` can serve. */
export type CrudRoute = (typeof CRUD_ROUTES)[number];

/** The name of a route that is served only where it is named. */
export type OptInRoute = (typeof OPT_IN_ROUTES)[number];

/** The routes that take a body. */
export type BodyRoute = Extract<CrudRoute, 'create' | 'replace' | 'update'>;

/** The routes that change nothing. */
export const READING_ROUTES: readonly CrudRoute[] = ['findAll', 'findOne'];

/** The routes that are about any number of rows. */
export const COLLECTION_ROUTES: readonly CrudRoute[] = ['findAll', 'createMany'];

/** A route that links two rows, or takes the link away. */
export interface LinkRoute {
  /** The controller's method: `linkTags`, `unlinkTags`. */
  readonly name: string;
  readonly relation: string;
  readonly action: 'link' | 'unlink';
}
