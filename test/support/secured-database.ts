import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import pg from 'pg';
import { checkRowSecurity } from '../../lib/rls/check-row-security.js';
import { tableSecurityOf } from '../../lib/rls/table-security.js';
import { missingGrants } from '../../lib/rls/role-grants.js';
import { createDatabase } from './databases.js';
import type { DatabaseKind } from './databases.js';

/** A process has one role for unscoped code, whatever its databases. */
const SUFFIX = randomBytes(4).toString('hex');

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** A database whose tables have row-level security, with the roles of an application. */
export interface SecuredDatabase {
  /** As superuser, which no policy limits. */
  readonly admin: pg.Client;
  /** The application's role: its tables are another's, and it is no superuser. */
  readonly role: string;
  readonly unscopedRole: string;
  /** The options of a DataSource that connects as the application's role. */
  readonly options: PostgresOptions;
  /** The options of a DataSource that connects as the owner of the tables. */
  readonly ownerOptions: PostgresOptions;
  /** Opens a connection as the application's role, as psql would. */
  connect(): Promise<pg.Client>;
  drop(): Promise<void>;
}

/**
 * Creates a database, its tables by `synchronize`, their policies, and the roles.
 *
 * @param before sends statements as superuser before the policies are created
 */
export async function createSecuredDatabase(
  entities: Partial<PostgresOptions>,
  {
    kind = 'postgres',
    before,
    policies = true,
  }: {
    readonly kind?: DatabaseKind;
    readonly before?: (admin: pg.Client) => Promise<void>;
    readonly policies?: boolean;
  } = {},
): Promise<SecuredDatabase> {
  const database = await createDatabase(kind);
  const { url } = database.options as PostgresOptions;
  const [role, unscopedRole] = [`muck_app_${SUFFIX}`, `muck_unscoped_${SUFFIX}`];
  const admin = new pg.Client(url);
  await admin.connect();
  await before?.(admin);
  const owner = await new DataSource({
    ...database.options,
    ...entities,
    synchronize: true,
  } as PostgresOptions).initialize();
  await admin.query(`CREATE ROLE ${role} LOGIN NOINHERIT PASSWORD 'secret'`);
  await admin.query(`CREATE ROLE ${unscopedRole}`);
  await admin.query(`GRANT ${unscopedRole} TO ${role}`);
  const tables = tableSecurityOf(owner, { unscopedRole }).map(({ table }) => table);
  if (policies) {
    const differences = await checkRowSecurity(owner, { unscopedRole });
    for (const statement of differences.flatMap(({ up }) => up)) await admin.query(statement);
  }
  const grants = await missingGrants(
    tables,
    role,
    async (sql, values) => (await admin.query(sql, values)).rows as never,
  );
  for (const privilege of grants.flatMap(({ privileges }) => privileges))
    await admin.query(`GRANT ${privilege} TO ${role}`);
  await owner.destroy();
  const own = new URL(url!);
  own.username = role;
  own.password = 'secret';
  const options: PostgresOptions = { ...database.options, ...entities, url: own.href } as PostgresOptions;
  return {
    admin,
    role,
    unscopedRole,
    options,
    ownerOptions: { ...database.options, ...entities } as PostgresOptions,
    connect: async () => {
      const client = new pg.Client(own.href);
      await client.connect();
      return client;
    },
    drop: async () => {
      await admin.query(`DROP OWNED BY ${role}, ${unscopedRole}`);
      await admin.query(`DROP ROLE ${role}, ${unscopedRole}`);
      await admin.end();
      await database.drop();
    },
  };
}
