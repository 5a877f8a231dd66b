// The list of 25 rows: this library against servers written by hand, on Express and Fastify. Usage: npm run bench [-- --quick]
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from '../test/support/embedded-postgres.mjs';

const QUICK = process.argv.includes('--quick');
const TENANTS = 200;
const TICKETS = 200_000;
const ROUNDS = QUICK ? 1 : 3;
const SECONDS = QUICK ? 1 : 2;
/** Clock ticks of the kernel in a second, in which /proc counts. */
const TICKS = 100;
/** The second copy of the first server shows how far two equal ones are apart. */
const SERVERS = ['find', 'control', 'muck', 'pg'];
const ADAPTERS = ['express', 'fastify'];
const COUNTS = ['none', 'exact'];

const { url, stop } = await startEmbeddedPostgres();
const postmaster = findPostmaster();
const children = [];
try {
  await seed();
  const servers = await startServers();
  await requireSameRows(servers);
  await measure(servers, 1, 1);
  report(await measure(servers, SECONDS, ROUNDS));
} finally {
  for (const child of children) child.kill();
  await stop();
}

async function seed() {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`
    CREATE TABLE "ticket" ("id" serial PRIMARY KEY, "organizationId" int NOT NULL, "orderNumber" int NOT NULL,
      "subject" varchar NOT NULL, "status" varchar NOT NULL, "priority" varchar NOT NULL, "assigneeId" int NOT NULL,
      "createdAt" timestamptz NOT NULL);
    INSERT INTO "ticket" ("organizationId", "orderNumber", "subject", "status", "priority", "assigneeId", "createdAt")
      SELECT 1 + n % ${TENANTS}, n, 'Ticket about parcel number ' || n, 'open', 'normal', n % 1000, now() - n * interval '1 minute'
      FROM generate_series(1, ${TICKETS}) n;
    CREATE INDEX ON "ticket" ("organizationId", "id");
  `);
  await client.query('VACUUM ANALYZE "ticket"');
  await client.end();
}

async function startServers() {
  const started = [];
  for (const adapter of ADAPTERS) {
    for (const server of SERVERS) {
      const kind = server === 'control' ? 'find' : server;
      const path = fileURLToPath(new URL('list/server.mjs', import.meta.url));
      const child = fork(path, [kind, adapter, url], { env: { ...process.env, NODE_ENV: 'production' } });
      children.push(child);
      const { port } = await messageOf(child);
      started.push({ adapter, server, pid: child.pid, url: `http://127.0.0.1:${port}/tickets` });
    }
  }
  return started;
}

/** What answers differently is not compared. */
async function requireSameRows(servers) {
  for (const count of COUNTS) {
    const answers = await Promise.all(
      servers.map(async (server) => {
        const response = await fetch(address(server, count), { headers: { 'x-organization': '7' } });
        return JSON.stringify(await response.json());
      }),
    );
    const { items } = JSON.parse(answers[0]);
    if (items?.length !== 25 || answers.some((answer) => answer !== answers[0])) {
      throw new Error(`The servers do not answer alike (count=${count}):\n${answers.join('\n')}`);
    }
  }
}

async function measure(servers, seconds, rounds) {
  const results = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const count of COUNTS) {
      for (const adapter of ADAPTERS) {
        // In another order each time: whoever is first has the machine as the last round left it.
        const turn = servers.filter((server) => server.adapter === adapter);
        turn.push(...turn.splice(0, round % turn.length));
        for (const server of turn) results.push({ ...server, count, round, ...(await load(server, count, seconds)) });
      }
    }
  }
  return results;
}

async function load(server, count, seconds) {
  const before = [cpuOf(server.pid), cpuOfPostgres()];
  const path = fileURLToPath(new URL('list/load.mjs', import.meta.url));
  const { total, failed } = await messageOf(fork(path, [address(server, count), seconds, TENANTS].map(String)));
  if (failed > 0) throw new Error(`${server.server} on ${server.adapter} failed ${failed} times.`);
  const after = [cpuOf(server.pid), cpuOfPostgres()];
  const perThousand = (i) => ((after[i] - before[i]) / TICKS / total) * 1000;
  return { rate: total / seconds, node: perThousand(0), postgres: perThousand(1) };
}

function report(results) {
  const versions = ['@nestjs/core', 'typeorm', 'pg'].map((name) => `${name} ${versionOf(name)}`).join(', ');
  console.log(`Node ${process.version}, ${versions}; ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`);
  console.log(
    `${TICKETS} tickets of ${TENANTS} tenants, pages of 25 rows with 8 columns, 16 connections, ${ROUNDS} rounds of ${SECONDS} s; medians, and the lowest and highest in brackets`,
  );
  for (const count of COUNTS) {
    for (const adapter of ADAPTERS) {
      console.log(
        `\n${adapter}, ${count === 'none' ? 'without total, against find' : 'with total, against findAndCount'}`,
      );
      console.log('server     requests/s   against base          Node CPU s/1000       PostgreSQL CPU s/1000');
      const of = (server) =>
        results.filter((result) => result.server === server && result.count === count && result.adapter === adapter);
      for (const server of SERVERS) {
        const own = of(server);
        const ratios = own.map(({ rate, round }) => rate / of('find').find((base) => base.round === round).rate);
        console.log(
          [
            server.padEnd(10),
            median(own.map(({ rate }) => rate))
              .toFixed(0)
              .padStart(10),
            `  ${spread(ratios)}`,
            spread(own.map(({ node }) => node)),
            spread(own.map(({ postgres }) => postgres)),
          ].join(' '),
        );
      }
    }
  }
}

function address(server, count) {
  const query = server.server === 'muck' ? '&sort=-id' : '';
  return `${server.url}?limit=25&count=${count}${query}`;
}

function messageOf(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => code !== 0 && reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}`)));
  });
}

/** Ticks that a process has used. */
function cpuOf(pid) {
  const [, fields] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // Of the cluster's first process also what those have used that have ended.
  const counters = fields.split(' ').slice(11, Number(pid) === postmaster ? 15 : 13);
  return counters.reduce((sum, ticks) => sum + Number(ticks), 0);
}

/** Ticks of every process of the cluster: the server, and those that it has started. */
function cpuOfPostgres() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const parent = Number(/\) \S (\d+)/.exec(stat)[1]);
        return Number(pid) === postmaster || parent === postmaster ? sum + cpuOf(pid) : sum;
      } catch {
        return sum;
      }
    }, 0);
}

function findPostmaster() {
  const { port } = new URL(url);
  return Number(
    readdirSync('/proc').find((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return command[0].endsWith('postgres') && command.includes(port);
      } catch {
        return false;
      }
    }),
  );
}

function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function spread(values) {
  const text = (value) => value.toFixed(2);
  return `${text(median(values))} [${text(Math.min(...values))}–${text(Math.max(...values))}]`.padEnd(21);
}
