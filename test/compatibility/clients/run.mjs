// @ts-check
// Generates clients from the document of the sample, compiles a program with each under strict types and without a cast, and runs it against the
// sample on each HTTP adapter. Prints one table: generator, what was tried, result. `npm run test:clients`, or with a part of a name: `-- orval`.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../support/embedded-postgres.mjs';
import { findCasts } from './find-casts.mjs';

const ROOT = join(import.meta.dirname, '../../..');
const FILES = join(import.meta.dirname, 'files');
const SAMPLE = '../../../sample/01-support-desk/dist/main.js';
const ADAPTERS = /** @type {const} */ (['express', 'fastify']);

/** @typedef {{ name: string, program: string, generate: string[] }} Generator */
/** @typedef {{ attempt: string, error?: string }} Result */

/** @type {readonly Generator[]} */
const GENERATORS = [
  {
    name: 'openapi-typescript with openapi-fetch',
    program: 'openapi-fetch',
    generate: ['openapi-typescript', 'document.json', '--output', 'src/openapi-fetch/schema.ts'],
  },
  {
    name: 'Hey API with fetch, zod and TanStack Query',
    program: 'hey-api',
    generate: ['openapi-ts'],
  },
  { name: 'orval with fetch', program: 'orval', generate: ['orval'] },
];

/** A page requests `/api/…` from its own server; Node has to be told which one that is. */
const FETCH_FROM = (/** @type {string} */ url) => `
const { fetch: send, Request: NodeRequest } = globalThis;
const resolved = (input) => (typeof input === 'string' ? new URL(input, '${url}').href : input);
globalThis.Request = class extends NodeRequest { constructor(input, init) { super(resolved(input), init); } };
globalThis.fetch = (input, init) => send(resolved(input), init);
`;

/** @param {string[]} command @param {string} cwd @returns {Promise<string>} its output */
function execute([program, ...args], cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, CI: 'true', NODE_OPTIONS: '' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${program} ${args.slice(0, 3).join(' ')}: exit ${code}\n${output}`)),
    );
  });
}

/** Installs the generators and the packed library, without its peers: a client has neither Nest nor TypeORM. @param {string} folder */
async function install(folder) {
  await cp(FILES, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  await execute(['npm', 'pack', '--pack-destination', folder, '--loglevel=error'], ROOT);
  const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack wrote no tarball');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
  await execute(['npm', 'ci', ...quiet], folder);
  await execute(['npm', 'install', '--omit=peer', '--no-save', '--no-package-lock', ...quiet, `./${tarball}`], folder);
  const installed = await readdir(join(folder, 'node_modules'));
  const peers = installed.filter((name) => ['@nestjs', 'typeorm', 'rxjs'].includes(name));
  if (peers.length > 0) throw new Error(`a client installs ${peers.join(', ')}`);
}

/** Plants what overrules types, of which each line has to be found. @param {string} folder */
async function tryFinding(folder) {
  const lines = [
    'declare const given: { one: unknown; two?: string; three: Promise<Response> };',
    'export const cast = given.one as string;',
    'export const old = <string>given.one;',
    'export const sure = given.two!.length;',
    'export const loose: any = given.one;',
    'export const body = await (await given.three).json();',
    '// @ts-expect-error silenced',
    'export const wrong: number = given.two;',
  ];
  await writeFile(join(folder, 'src/planted.ts'), lines.join('\n'));
  const found = findCasts(folder, ['src/planted.ts']);
  await rm(join(folder, 'src/planted.ts'));
  const missed = [2, 3, 4, 5, 6].filter((line) => !found.some((place) => place.includes(`planted.ts:${line} `)));
  if (!found.some((place) => place.includes('silences'))) missed.push(7);
  if (missed.length > 0) throw new Error(`not found: ${missed.map((line) => lines[line - 1]).join(' ')}`);
}

/**
 * Starts the sample in a database of its own.
 *
 * @param {string} server the URL of PostgreSQL
 * @param {typeof ADAPTERS[number]} adapter
 */
async function startSample(server, adapter) {
  const name = `clients_${adapter}`;
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const databaseUrl = new URL(server);
  databaseUrl.pathname = `/${name}`;
  const { main } = await import(SAMPLE);
  const options = { host: '127.0.0.1', port: 0, adapter, databaseUrl: databaseUrl.href, jwtSecret: 'only for tests' };
  const app = await main(options, () => undefined);
  return { url: /** @type {string} */ (await app.getUrl()), close: () => app.close() };
}

/** @type {Map<string, Result[]>} */
const results = new Map();

/** @param {string} group @param {string} attempt @param {() => unknown} act @returns {Promise<boolean>} whether it went well */
async function step(group, attempt, act) {
  /** @type {Result} */
  const result = { attempt };
  results.set(group, [...(results.get(group) ?? []), result]);
  try {
    await act();
    return true;
  } catch (error) {
    result.error = error instanceof Error ? error.message : String(error);
    return false;
  }
}

/** Generates a client, and checks and bundles its program. @param {Generator} generator @param {string} folder */
async function prepare({ name, program, generate }, folder) {
  return (
    (await step(name, 'generate', () => execute(['npx', '--no-install', ...generate], folder))) &&
    (await step(name, 'compile under strict', () => compile(program, folder))) &&
    (await step(name, 'no cast, no any', () => {
      const casts = findCasts(folder, [`src/${program}.ts`, 'src/story.ts']);
      if (casts.length > 0) throw new Error(casts.join('\n'));
    })) &&
    (await step(name, 'bundle for browsers', () => {
      const options = ['--bundle', '--platform=browser', '--format=esm', '--log-level=error'];
      return execute(
        ['npx', '--no-install', 'esbuild', `src/${program}.ts`, ...options, `--outfile=${program}.mjs`],
        folder,
      );
    }))
  );
}

/** @param {string} program @param {string} folder */
async function compile(program, folder) {
  const config = { extends: './tsconfig.json', include: [`src/${program}.ts`] };
  await writeFile(join(folder, `tsconfig.${program}.json`), JSON.stringify(config));
  await execute(['npx', '--no-install', 'tsc', '--project', `tsconfig.${program}.json`], folder);
}

/** Runs a program against the sample. @param {Generator} generator @param {string} adapter @param {string} url @param {string} folder */
async function run({ name, program }, adapter, url, folder) {
  const prelude = `${program}-${adapter}.mjs`;
  await writeFile(join(folder, prelude), `${FETCH_FROM(url)}await import('./${program}.mjs');\n`);
  let output = '';
  await step(name, `run on ${adapter}`, async () => (output = await execute([process.execPath, prelude], folder)));
  const lines = output.split('\n').filter((line) => line.startsWith('RESULT '));
  /** @type {Result[]} */
  const told = lines.map((line) => JSON.parse(line.slice('RESULT '.length)));
  const group = results.get(name) ?? [];
  group.push(...told.map(({ attempt, error }) => ({ attempt: `  ${attempt}`, error })));
  if (output !== '' && told.length === 0) group.push({ attempt: '  tells what it did', error: output });
}

/** @returns {number} how many failed */
function print() {
  const all = [...results.values()].flat();
  const width = Math.max(...all.map(({ attempt }) => attempt.length));
  for (const [group, attempts] of results) {
    console.log(`\n${group}`);
    for (const { attempt, error } of attempts) {
      console.log(`  ${attempt.padEnd(width)}  ${error === undefined ? 'ok' : 'FAILED'}`);
      if (error !== undefined) console.log(error.split('\n').slice(0, 40).join('\n').replace(/^/gm, '      '));
    }
  }
  const failed = all.filter(({ error }) => error !== undefined).length;
  console.log(`\ngenerated clients: ${all.length - failed} passed, ${failed} failed`);
  return failed;
}

const chosen = process.argv[2] ?? '';
const folder = await mkdtemp(join(tmpdir(), 'nestjs-muck-clients-'));
const server = await startEmbeddedPostgres();
try {
  await step('Setup', 'install generators and the library without its peers', () => install(folder));
  await step('Setup', 'find what overrules types', () => tryFinding(folder));
  /** @type {Generator[] | undefined} */
  let prepared;
  for (const adapter of ADAPTERS) {
    const sample = await startSample(server.url, adapter);
    try {
      if (prepared === undefined) {
        const document = await fetch(`${sample.url}/api/docs-json`);
        await writeFile(join(folder, 'document.json'), await document.text());
        prepared = [];
        for (const generator of GENERATORS.filter(({ name }) => name.toLowerCase().includes(chosen.toLowerCase())))
          if (await prepare(generator, folder)) prepared.push(generator);
      }
      for (const generator of prepared) await run(generator, adapter, sample.url, folder);
    } finally {
      await sample.close();
    }
  }
} finally {
  await server.stop();
  if (print() > 0 || results.size < 2) process.exitCode = 1;
  if (process.env['KEEP_CLIENTS'] === undefined) await rm(folder, { recursive: true, force: true });
  else console.log(`kept: ${folder}`);
}
