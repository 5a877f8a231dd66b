import { adaptersToTest } from './adapters.js';
import type { Adapter } from './adapters.js';
import { databasesToTest } from './databases.js';
import type { DatabaseKind } from './databases.js';

/** Each adapter with SQLite, and each other database with one adapter. */
export const places: readonly { readonly adapter: Adapter; readonly database: DatabaseKind }[] = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[0], database })),
];
