/** The routes that `@Crud` serves by default, by the names of the controller's methods. */
export const DEFAULT_ROUTES = ['findAll', 'findOne', 'create', 'replace', 'update', 'remove'] as const;

/** The routes that `@Crud` serves only if `also` or `only` lists them. */
export const OPT_IN_ROUTES = ['createMany', 'restore'] as const;

/** All routes of `@Crud`. */
export const CRUD_ROUTES = [...DEFAULT_ROUTES, ...OPT_IN_ROUTES] as const;

/** The name of a route of `@Crud`, which is the controller's method. */
export type CrudRoute = (typeof CRUD_ROUTES)[number];

/** The name of a route that is served only if the options list it. */
export type OptInRoute = (typeof OPT_IN_ROUTES)[number];

/** The routes with a body. */
export type BodyRoute = Extract<CrudRoute, 'create' | 'replace' | 'update'>;

/** The routes that do not write. */
export const READING_ROUTES: readonly CrudRoute[] = ['findAll', 'findOne'];

/** The routes for several rows. */
export const COLLECTION_ROUTES: readonly CrudRoute[] = ['findAll', 'createMany'];

/** A route that links two rows or removes the link. */
export interface LinkRoute {
  /** The controller's method: `linkTags`, `unlinkTags`. */
  readonly name: string;
  readonly relation: string;
  readonly action: 'link' | 'unlink';
}
