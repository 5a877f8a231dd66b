/** The routes that `@Crud` can serve, by the names of the controller's methods. */
export const CRUD_ROUTES = ['findAll', 'findOne', 'create', 'replace', 'update', 'remove'] as const;

/** The name of a route that `@Crud` can serve. */
export type CrudRoute = (typeof CRUD_ROUTES)[number];

/** The routes that take a body. */
export type BodyRoute = Extract<CrudRoute, 'create' | 'replace' | 'update'>;

/** The routes that change nothing. */
export const READING_ROUTES: readonly CrudRoute[] = ['findAll', 'findOne'];
