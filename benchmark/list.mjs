// The list of 25 rows: this library against plain servers, on Express and Fastify. Usage: npm run bench [-- --quick]
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from '../test/support/embedded-postgres.mjs';

const QUICK = process.argv.includes('--quick');
const TENANTS = 200;
const TICKETS = 200_000;
/** Each server is started anew so often: two processes of the same program can be a tenth apart for as long as they live. */
const STARTS = QUICK ? 1 : 4;
/** Short turns, and many: so that what else the machine does falls on all alike. */
const ROUNDS = QUICK ? 3 : 10;
const REQUESTS = 400;
/** Requests to each server before anything is measured: until then the compiler is at work. */
const WARM_UP = QUICK ? 1000 : 4000;
/** Clock ticks of the kernel in a second, in which /proc counts. */
const TICKS = 100;
/** The second copy of the first server shows how far two equal ones are apart. */
const SERVERS = ['find', 'control', 'muck', 'pg'];
const ADAPTERS = ['express', 'fastify'];
const COUNTS = ['none', 'exact'];

const { url, stop } = await startEmbeddedPostgres();
const postmaster = findPostmaster();
const children = new Set();
const loader = start('list/load.mjs', [TENANTS]);
try {
  await seed();
  const results = [];
  for (let generation = 0; generation < STARTS; generation += 1) {
    const servers = await startServers();
    await requireSameRows(servers);
    await measure(servers, WARM_UP / COUNTS.length, 1);
    for (const result of await measure(servers, REQUESTS, ROUNDS)) {
      results.push({ ...result, round: generation * ROUNDS + result.round });
    }
    for (const { child } of servers) end(child);
  }
  report(results);
} finally {
  for (const child of children) end(child);
  await stop();
}

function end(child) {
  children.delete(child);
  child.kill();
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
      const child = start('list/server.mjs', [server === 'control' ? 'find' : server, adapter, url]);
      const { port } = await messageOf(child);
      started.push({ adapter, server, child, url: `http://127.0.0.1:${port}/tickets` });
    }
  }
  return started;
}

function start(module, args) {
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), args.map(String), { env });
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) throw new Error(`${module} ${args.join(' ')} ended with ${code}`);
  });
  children.add(child);
  return child;
}

/** Servers with different responses are not compared. */
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
      throw new Error(`The servers do not respond alike (count=${count}):\n${answers.join('\n')}`);
    }
  }
}

async function measure(servers, requests, rounds) {
  const results = [];
  for (const count of COUNTS) {
    for (const adapter of ADAPTERS) {
      const turn = servers.filter((server) => server.adapter === adapter);
      for (let round = 0; round < rounds; round += 1) {
        for (const { child, server, ...place } of turn) {
          results.push({
            server,
            adapter,
            count,
            round,
            ...(await load(child, address({ server, ...place }, count), requests)),
          });
        }
        // In another order each time: the first server finds the machine as the last round left it.
        turn.push(turn.shift());
      }
    }
  }
  return results;
}

async function load(child, url, requests) {
  const before = [await cpuOfServer(child), cpuOfPostgres()];
  const { seconds, failed } = await ask(loader, { url, requests });
  if (failed > 0) throw new Error(`${url} failed ${failed} times.`);
  const after = [await cpuOfServer(child), cpuOfPostgres()];
  return { rate: requests / seconds, requests, node: after[0] - before[0], postgres: after[1] - before[1] };
}

function report(results) {
  const versions = ['@nestjs/core', 'typeorm', 'pg'].map((name) => `${name} ${versionOf(name)}`).join(', ');
  console.log(`Node ${process.version}, ${versions}; ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`);
  console.log(
    `${TICKETS} tickets of ${TENANTS} tenants, pages of 25 rows with 8 columns, 16 connections, ${STARTS} × ${ROUNDS} interleaved rounds of ${REQUESTS} requests, the servers started anew each time.\n` +
      'Rates and ratios are medians, with the 95 % interval of the ratio in brackets; CPU is of all rounds. `control` is a second copy of `find`.',
  );
  for (const count of COUNTS) {
    for (const adapter of ADAPTERS) {
      console.log(
        `\n${adapter}, ${count === 'none' ? 'without total, against find' : 'with total, against findAndCount'}`,
      );
      console.log('server     requests/s   against base            Node CPU s/1000   PostgreSQL CPU s/1000');
      const of = (server) =>
        results.filter((result) => result.server === server && result.count === count && result.adapter === adapter);
      const bases = new Map(of('find').map(({ round, rate }) => [round, rate]));
      for (const server of SERVERS) {
        const own = of(server);
        const perThousand = (name) =>
          (sum(own.map((result) => result[name])) / sum(own.map(({ requests }) => requests))) * 1000;
        console.log(
          [
            server.padEnd(10),
            summary(own.map(({ rate }) => rate))
              .median.toFixed(0)
              .padStart(10),
            `  ${spread(own.map(({ rate, round }) => rate / bases.get(round)))}`,
            perThousand('node').toFixed(2).padStart(15),
            perThousand('postgres').toFixed(2).padStart(23),
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

/** The next message of a process. Should it end first, nothing is left to measure. */
function messageOf(child) {
  return new Promise((resolve) => child.once('message', resolve));
}

function ask(child, message) {
  child.send(message);
  return messageOf(child);
}

/** Seconds that a server has computed. */
async function cpuOfServer(child) {
  const { user, system } = await ask(child, 'cpu');
  return (user + system) / 1e6;
}

/** Ticks that a process of the cluster has used. */
function ticksOf(pid) {
  const [, fields] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // Of the cluster's first process also what those have used that have ended.
  return sum(
    fields
      .split(' ')
      .slice(11, Number(pid) === postmaster ? 15 : 13)
      .map(Number),
  );
}

/** Seconds that the cluster has computed: its first process, and those that this has started. */
function cpuOfPostgres() {
  const ticks = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]);
        return Number(pid) === postmaster || parent === postmaster ? ticksOf(pid) : 0;
      } catch {
        return 0;
      }
    });
  return sum(ticks) / TICKS;
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

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/** The median, and its 95 % interval by rank. */
function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const margin = Math.ceil((1.96 * Math.sqrt(sorted.length)) / 2);
  const middle = Math.floor(sorted.length / 2);
  return {
    median: sorted[middle],
    low: sorted[Math.max(0, middle - margin)],
    high: sorted[Math.min(sorted.length - 1, middle + margin)],
  };
}

function spread(values) {
  const { median, low, high } = summary(values);
  return `${median.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`.padEnd(21);
}
