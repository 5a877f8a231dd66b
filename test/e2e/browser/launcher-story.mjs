// What the launcher says when it cannot go on: one line that tells what to do, and no stack.
// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { holds } from './promises.mjs';
import { ROOT } from './server.mjs';

const DATA = join(ROOT, '.data', 'support-desk');
/** A user without powers, on every Unix. */
const UNPRIVILEGED = 65_534;

/** Starts where something is in the way, and ends servers that run. */
export async function tellOfLauncher() {
  await meetDatabases();
  await meetForeignFolder();
  await loseDatabase();
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {{ uid?: number, gid?: number }} [user]
 */
function launch(env, user = {}) {
  const child = spawn('node', ['sample/start.mjs'], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0', DATABASE_URL: '', DATA_FOLDER: '', JWT_SECRET: '', ...env },
    ...user,
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (said.err += text));
  const ended = once(child, 'close').then(([code]) => ({ code, ...said }));
  return { child, said, ended };
}

/**
 * @param {{ code: number, err: string }} ended
 * @param {RegExp} expected
 * @param {string} promise
 */
function saysOneLine({ code, err }, expected, promise) {
  const lines = err.trim().split('\n');
  holds(code === 1 && lines.length === 1 && expected.test(err), `${promise}: ${lines[0]} (${lines.length}, ${code})`);
}

/** Databases of the user's own that will not do. They are made in the sample's server, whose port and password are in its folder. */
async function meetDatabases() {
  const [, , , port] = readFileSync(join(DATA, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n');
  const password = readFileSync(join(DATA, 'postgres', 'password'), 'utf8').trim();
  const address = (/** @type {string} */ user, /** @type {string} */ database) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  const admin = new pg.Client({ connectionString: address('postgres', 'postgres') });
  await admin.connect();
  const clean = ['DROP DATABASE IF EXISTS "taken"', 'DROP DATABASE IF EXISTS "locked"', 'DROP ROLE IF EXISTS "guest"'];
  try {
    for (const statement of clean) await admin.query(statement);
    await admin.query(`CREATE ROLE "guest" LOGIN PASSWORD '${password}'`);
    await admin.query('CREATE DATABASE "locked"');
    await admin.query('CREATE DATABASE "taken" OWNER "guest"');
    const guest = new pg.Client({ connectionString: address('guest', 'taken') });
    await guest.connect();
    await guest.query('CREATE TABLE "account" ("id" integer)');
    await guest.end();
    const locked = await launch({ DATABASE_URL: address('guest', 'locked') }).ended;
    saysOneLine(locked, /GRANT ALL ON SCHEMA public TO "guest"/, 'a database without CREATE is one line');
    const taken = await launch({ DATABASE_URL: address('guest', 'taken') }).ended;
    saysOneLine(taken, /relation "account" already exists/, 'tables that exist are one line');
    holds(![locked, taken].some(({ err }) => err.includes(password)), 'without the password');
  } finally {
    for (const statement of clean) await admin.query(statement);
    await admin.end();
  }
}

async function meetForeignFolder() {
  const folder = dataFolder();
  try {
    const isRoot = process.getuid?.() === 0;
    chmodSync(folder, isRoot ? 0o755 : 0o555);
    const user = isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
    const refused = await launch({ DATA_FOLDER: folder }, user).ended;
    saysOneLine(refused, /There is no permission to write .*DATA_FOLDER=/, 'a folder of another user is one line');
  } finally {
    chmodSync(folder, 0o755);
    rmSync(folder, { recursive: true });
  }
}

/** The server of the sample's own database is killed while the sample runs. */
async function loseDatabase() {
  const folder = dataFolder();
  try {
    const { said, ended } = launch({ DATA_FOLDER: folder });
    await Promise.race([ready(said), ended]);
    const [pid] = readFileSync(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGKILL');
    saysOneLine(await ended, /PostgreSQL has ended: .*Start again: npm start/, 'a database that dies is one line');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A folder in which everything is built already. */
function dataFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'support-desk-'));
  chmodSync(folder, 0o755);
  for (const name of readdirSync(DATA).filter((file) => file.startsWith('built-'))) {
    cpSync(join(DATA, name), join(folder, name));
  }
  return folder;
}

/** @param {{ out: string }} said */
async function ready(said) {
  while (!said.out.includes('root@platform.example')) await new Promise(setImmediate);
}
