/** An entity class, or the name of an entity without a class. */
export type EntityRef = Function | string;
