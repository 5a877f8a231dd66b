// Row-level security behind PgBouncer in transaction mode, where each transaction may be on another connection of the server:
// 200 units of work at a time, of 20 tenants. Needs a build in dist/, and Debian's pgbouncer, which it installs as root.
//   npm run test:pgbouncer -- --seconds=30
import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import 'reflect-metadata';
import pg from 'pg';
import { DataSource, EntitySchema } from 'typeorm';
import { startEmbeddedPostgres } from '../../support/embedded-postgres.mjs';

// By their paths at run time: what checks the sources has no build.
/** @param {string} file */
const built = (file) => import(new URL(`../../../dist/${file}`, import.meta.url).href);
const { declareScope, scoped } = await built('index.js');
const { applyRowSecurity, declareRowLevelSecurity } = await built('rls/index.js');
const { registerEntityTenancy } = await built('tenancy/metadata/entity-tenancy.registry.js');
const { runUnscoped, runWithScope } = await built('tenancy/context/tenant-context.js');
const { UnscopedSection } = await built('tenancy/context/unscoped-section.js');
const { validateScope } = await built('tenancy/context/tenant-scope.js');

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const TENANTS = 20;
const AT_ONCE = 200;
const UNSCOPED_ROLE = 'pgbouncer_unscoped';

const Ticket = new EntitySchema({
  name: 'Ticket',
  columns: {
    id: { type: Number, primary: true, generated: true },
    organizationId: { type: Number },
    subject: { type: String, default: '' },
  },
});
const { entity, declaration } = scoped(Ticket);
registerEntityTenancy(entity, declaration, 'forRoot');
declareScope({ organizationId: Number });

if (process.getuid?.() === 0 && !isInstalled())
  execFileSync('sh', ['-c', 'apt-get update && apt-get install -y --no-install-recommends pgbouncer'], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: 'inherit',
  });
const postgres = process.env.TEST_PG_URL ? undefined : await startEmbeddedPostgres();
const url = new URL(process.env.TEST_PG_URL ?? /** @type {{ url: string }} */ (postgres).url);
const admin = new pg.Client(url.href);
await admin.connect();
const folder = await mkdtemp(join(tmpdir(), 'muck-pgbouncer-'));
/** @type {import('node:child_process').ChildProcess | undefined} */
let bouncer;
try {
  await dropAll();
  await admin.query('CREATE DATABASE muck_pgbouncer');
  await admin.query(`CREATE ROLE pgbouncer_app LOGIN NOINHERIT PASSWORD 'secret'`);
  await admin.query(`CREATE ROLE ${UNSCOPED_ROLE}`);
  await admin.query(`GRANT ${UNSCOPED_ROLE} TO pgbouncer_app`);
  await makeTables();
  const port = await startBouncer();
  declareRowLevelSecurity({ unscopedRole: UNSCOPED_ROLE });
  const dataSource = await new DataSource({
    type: 'postgres',
    ...{ host: '127.0.0.1', port, username: 'pgbouncer_app', database: 'muck_pgbouncer', entities: [Ticket] },
    poolSize: AT_ONCE,
    extra: { preparedStatements: false },
  }).initialize();
  const counts = await work(dataSource);
  const traces = await findTraces(dataSource);
  await dataSource.destroy();
  console.log(
    `PgBouncer in transaction mode, ${AT_ONCE} units of work at a time, ${TENANTS} tenants, ${options.seconds} s`,
  );
  for (const [kind, count] of Object.entries(counts.done)) console.log(`  ${kind.padEnd(34)} ${count}`);
  console.log(`  rows of another tenant             ${counts.foreign}`);
  console.log(`  wrong numbers of rows              ${counts.wrong}`);
  console.log(`  settings left on a connection      ${traces}`);
  for (const failure of counts.failures) console.error(`  FAILED: ${failure}`);
  const isGood = counts.foreign + counts.wrong + traces + counts.failures.size === 0 && counts.done['find'] > 0;
  process.exitCode = isGood ? 0 : 1;
} finally {
  bouncer?.kill('SIGINT');
  await new Promise((done) => setTimeout(done, 300));
  await dropAll();
  await admin.end();
  await postgres?.stop();
  await rm(folder, { recursive: true });
}

function isInstalled() {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function makeTables() {
  const own = new URL(url);
  own.pathname = '/muck_pgbouncer';
  const owner = await new DataSource({
    type: 'postgres',
    ...{ url: own.href, entities: [Ticket], synchronize: true },
  }).initialize();
  await applyRowSecurity(owner, { unscopedRole: UNSCOPED_ROLE });
  await runUnscoped(new UnscopedSection('seed'), async () => {
    await owner.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ticket TO pgbouncer_app');
    await owner.query('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO pgbouncer_app');
    await owner.query(
      `INSERT INTO ticket ("organizationId") SELECT tenant FROM generate_series(1, ${TENANTS}) tenant, generate_series(1, 5)`,
    );
  });
  await owner.destroy();
}

/** @returns {Promise<number>} the port */
async function startBouncer() {
  const port = await freePort();
  const server = `host=${url.hostname} port=${url.port || 5432} dbname=muck_pgbouncer user=pgbouncer_app password=secret`;
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]\nmuck_pgbouncer = ${server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\n` +
      'auth_type = any\npool_mode = transaction\ndefault_pool_size = 15\nmax_client_conn = 500\nignore_startup_parameters = extra_float_digits\n',
  );
  await chmod(folder, 0o755);
  const user = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  bouncer = spawn('pgbouncer', ['-q', ...user, join(folder, 'pgbouncer.ini')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'pgbouncer_app', database: 'muck_pgbouncer' });
    try {
      await client.connect();
      await client.end();
      return port;
    } catch (error) {
      if (tries > 50) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

/** @param {DataSource} dataSource */
async function work(dataSource) {
  const tickets = dataSource.getRepository(Ticket);
  const counts = { done: /** @type {Record<string, number>} */ ({}), foreign: 0, wrong: 0, failures: new Set() };
  /** @type {Record<string, (tenant: number) => Promise<void>>} */
  const kinds = {
    find: async (tenant) => look(tenant, await tickets.find()),
    'raw SQL': async (tenant) => look(tenant, await dataSource.query('SELECT * FROM ticket')),
    'update of all rows by raw SQL': async (tenant) => {
      const [, affected] = await dataSource.query(`UPDATE ticket SET subject = '${tenant}'`);
      if (affected !== 5) counts.wrong += 1;
    },
    'transaction that is rolled back': async (tenant) => {
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await runner.manager.save(Ticket, { subject: 'undone' });
      if ((await runner.manager.count(Ticket)) !== 6) counts.wrong += 1;
      look(tenant, (await runner.manager.find(Ticket)).slice(0, 5));
      await runner.rollbackTransaction();
      await runner.release();
    },
    'statement that fails': async () => {
      await dataSource.query('SELECT 1 / 0 FROM ticket').then(
        () => (counts.wrong += 1),
        () => undefined,
      );
    },
    unscoped: () =>
      runUnscoped(new UnscopedSection('all'), async () => {
        if ((await tickets.count()) < 5 * TENANTS) counts.wrong += 1;
      }),
  };
  /** @param {number} tenant @param {readonly { organizationId: number }[]} rows */
  const look = (tenant, rows) => {
    if (rows.length !== 5) counts.wrong += 1;
    counts.foreign += rows.filter(({ organizationId }) => organizationId !== tenant).length;
  };
  const end = Date.now() + Number(options.seconds) * 1000;
  const names = Object.keys(kinds);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, worker) => {
      for (let turn = worker; Date.now() < end; turn += 1) {
        const tenant = 1 + (turn % TENANTS);
        const kind = names[Math.floor(Math.random() * names.length)];
        try {
          await runWithScope(validateScope({ organizationId: tenant }), () => kinds[kind](tenant));
          counts.done[kind] = (counts.done[kind] ?? 0) + 1;
        } catch (error) {
          counts.failures.add(`${kind}: ${/** @type {Error} */ (error).message}`);
        }
      }
    }),
  );
  return counts;
}

/** Asks the connections of the server, many times at once, for what a unit of work may have left. @param {DataSource} dataSource */
async function findTraces(dataSource) {
  const pool = /** @type {{ master: import('pg').Pool }} */ (/** @type {unknown} */ (dataSource.driver)).master;
  const asked = await Promise.all(
    Array.from({ length: 1000 }, () =>
      pool.query(
        `SELECT current_user AS role, current_setting('muck.organizationId', true) AS setting, pg_sleep(0.01)`,
      ),
    ),
  );
  return asked.filter(({ rows: [{ role, setting }] }) => role !== 'pgbouncer_app' || !['', null].includes(setting))
    .length;
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => done(port));
    });
  });
}

async function dropAll() {
  await admin.query('DROP DATABASE IF EXISTS muck_pgbouncer WITH (FORCE)');
  await admin.query(`DROP ROLE IF EXISTS pgbouncer_app, ${UNSCOPED_ROLE}`);
}
