// Row-level security behind PgBouncer in transaction mode, where each transaction may be on another connection of the server:
// 200 requests and units of work at a time, of 20 tenants. Needs a build in dist/, and Debian's pgbouncer, which it installs as root.
//   npm run test:pgbouncer -- --seconds=30
import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { compileApplication } from '../../support/compile-application.mjs';
import { startEmbeddedPostgres } from '../../support/embedded-postgres.mjs';

// By their paths at run time: what checks the sources has no build.
/** @param {string} file */
const built = (file) => import(new URL(`../../../dist/${file}`, import.meta.url).href);
/** @type {typeof import('../../../lib/index.js')} */
const { declareScope, Tenancy } = await built('index.js');
/** @type {typeof import('../../../lib/rls/index.js')} */
const { applyRowSecurity } = await built('rls/index.js');

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const TENANTS = 20;
const AT_ONCE = 200;
const UNSCOPED_ROLE = 'pgbouncer_unscoped';

const compiled = await compileApplication(join(import.meta.dirname, 'application.ts'), 'pgbouncer');
/** @type {typeof import('./application.js')} */
const { applicationModule, Comment, Ticket } = await import(`${pathToFileURL(compiled).href}/application.js`);

declareScope({ organizationId: Number });
const tenancy = new Tenancy();

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
  const application = await NestFactory.create(
    applicationModule(
      {
        type: 'postgres',
        ...{ host: '127.0.0.1', port, username: 'pgbouncer_app', database: 'muck_pgbouncer' },
        poolSize: AT_ONCE,
        extra: { preparedStatements: false },
      },
      UNSCOPED_ROLE,
    ),
    new FastifyAdapter(),
    { logger: ['error'], abortOnError: false },
  );
  await application.listen(0, '127.0.0.1');
  const dataSource = application.get(DataSource);
  const counts = await work(dataSource, await application.getUrl());
  const traces = await findTraces(dataSource);
  await application.close();
  console.log(
    `PgBouncer in transaction mode, ${AT_ONCE} requests and units of work at a time, ${TENANTS} tenants, ${options.seconds} s`,
  );
  for (const [kind, count] of Object.entries(counts.done)) console.log(`  ${kind.padEnd(34)} ${count}`);
  console.log(`  rows of another tenant             ${counts.foreign}`);
  console.log(`  wrong numbers of rows              ${counts.wrong}`);
  console.log(`  settings left on a connection      ${traces}`);
  for (const failure of counts.failures) console.error(`  FAILED: ${failure}`);
  const isGood = counts.foreign + counts.wrong + traces + counts.failures.size === 0 && counts.isComplete;
  process.exitCode = isGood ? 0 : 1;
} finally {
  bouncer?.kill('SIGINT');
  await new Promise((done) => setTimeout(done, 300));
  await dropAll();
  await admin.end();
  await postgres?.stop();
  await rm(folder, { recursive: true });
  await rm(compiled, { recursive: true });
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
    ...{ url: own.href, entities: [Ticket, Comment], synchronize: true },
  }).initialize();
  await applyRowSecurity(owner, { unscopedRole: UNSCOPED_ROLE });
  await tenancy.unscoped('seed', async () => {
    await owner.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ticket, comment TO pgbouncer_app');
    await owner.query('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO pgbouncer_app');
    await owner.query(
      `INSERT INTO ticket ("organizationId") SELECT tenant FROM generate_series(1, ${TENANTS}) tenant, generate_series(1, 5) ORDER BY tenant`,
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

/** @param {DataSource} dataSource @param {string} origin where the application answers */
async function work(dataSource, origin) {
  const tickets = dataSource.getRepository(Ticket);
  const counts = {
    done: /** @type {Record<string, number>} */ ({}),
    ...{ foreign: 0, wrong: 0, failures: /** @type {Set<string>} */ (new Set()), isComplete: false },
  };
  /** @type {Record<string, (tenant: number) => Promise<void>>} */
  const kinds = {
    ...requestsTo(origin, counts),
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
      tenancy.unscoped('all', async () => {
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
        const kind = names[(worker + turn) % names.length];
        try {
          await tenancy.run({ organizationId: tenant }, () => kinds[kind](tenant));
          counts.done[kind] = (counts.done[kind] ?? 0) + 1;
        } catch (error) {
          counts.failures.add(`${kind}: ${/** @type {Error} */ (error).message}`);
        }
      }
    }),
  );
  counts.isComplete = names.every((name) => counts.done[name] > 0);
  return counts;
}

/**
 * Requests to the application over HTTP, of one tenant each.
 *
 * @param {string} origin
 * @param {{ foreign: number, wrong: number }} counts
 * @returns {Record<string, (tenant: number) => Promise<void>>}
 */
function requestsTo(origin, counts) {
  /** @param {number} tenant @param {string} method @param {string} path @param {number} status @param {unknown} [body] */
  const send = async (tenant, method, path, status, body) => {
    const response = await fetch(`${origin}/${path}`, {
      method,
      headers: { 'x-tenant': String(tenant), ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status !== status) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  /** @param {number} tenant @param {readonly { organizationId: number }[]} rows @param {number} [count] how many there must be */
  const look = (tenant, rows, count = rows.length) => {
    if (rows.length !== count) counts.wrong += 1;
    counts.foreign += rows.filter(({ organizationId }) => organizationId !== tenant).length;
  };
  /** A ticket of a tenant: they were made in the order of the tenants. @param {number} tenant */
  const ticketOf = (tenant) => ((tenant - 1) % TENANTS) * 5 + 1 + Math.floor(Math.random() * 5);
  /** @param {number} tenant */
  const comment = (tenant) => ({ text: `of ${tenant}`, ticketId: ticketOf(tenant) });
  return {
    'GET list with total': async (tenant) => {
      const { items, total } = await send(tenant, 'GET', 'tickets?count=exact', 200);
      look(tenant, items, 5);
      if (total !== 5) counts.wrong += 1;
    },
    'GET list with include': async (tenant) => {
      const { items } = await send(tenant, 'GET', 'comments?include=ticket', 200);
      look(tenant, items);
      look(
        tenant,
        items.map((/** @type {{ ticket: { organizationId: number } }} */ { ticket }) => ticket),
      );
    },
    'GET, PATCH, DELETE of another tenant': async (tenant) => {
      const path = `tickets/${ticketOf(tenant + 1)}`;
      await send(tenant, 'GET', path, 404);
      await send(tenant, 'PATCH', path, 404, { subject: 'taken' });
      await send(tenant, 'DELETE', path, 404);
    },
    'POST, PATCH, GET, DELETE': async (tenant) => {
      const made = await send(tenant, 'POST', 'comments', 201, comment(tenant));
      const path = `comments/${made.id}`;
      look(tenant, [made, await send(tenant, 'PATCH', path, 200, { text: `still of ${tenant}` })]);
      look(tenant, [await send(tenant, 'GET', path, 200)]);
      await send(tenant, 'DELETE', path, 204);
      await send(tenant, 'GET', path, 404);
    },
    'POST of a list': async (tenant) => {
      const made = await send(tenant, 'POST', 'comments/bulk', 201, [
        comment(tenant),
        comment(tenant),
        comment(tenant),
      ]);
      look(tenant, made, 3);
      const ids = made.map((/** @type {{ id: number }} */ { id }) => id);
      for (const id of ids) await send(tenant, 'DELETE', `comments/${id}`, 204);
    },
    'POST that refers to another tenant': async (tenant) => {
      await send(tenant, 'POST', 'comments', 400, comment(tenant + 1));
      await send(tenant, 'POST', 'comments/bulk', 400, [comment(tenant), comment(tenant + 1)]);
    },
    'POST in a transaction with a hook': async (tenant) => {
      const made = await send(tenant, 'POST', 'counting-comments', 201, comment(tenant));
      look(tenant, [made]);
      await send(tenant, 'DELETE', `comments/${made.id}`, 204);
    },
    'GET over all tenants': async (tenant) => {
      if ((await send(tenant, 'GET', 'totals', 200)) < 5 * TENANTS) counts.wrong += 1;
    },
  };
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
