// @ts-check
// Lints the OpenAPI document of the sample with Redocly and Spectral, which have to find no error, and an error in a document that has one.
// The sample has to be built. `npm run test:linters`.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../support/embedded-postgres.mjs';

const FILES = join(import.meta.dirname, 'files');
const SAMPLE = '../../../sample/01-support-desk/dist/main.js';

/** @type {Readonly<Record<string, string[]>>} */
const LINTERS = {
  redocly: ['redocly', 'lint'],
  spectral: ['spectral', 'lint', '--ruleset', '.spectral.yaml', '--fail-severity', 'error'],
};

/** @param {string[]} command @param {string} cwd @returns {Promise<{ code: number, output: string }>} */
function execute([program, ...args], cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, CI: 'true', NODE_OPTIONS: '' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** @param {string} databaseUrl @returns {Promise<string>} */
async function sampleDocument(databaseUrl) {
  const { main } = await import(SAMPLE);
  const app = await main({ host: '127.0.0.1', port: 0, databaseUrl, jwtSecret: 'only for tests' }, () => undefined);
  try {
    return await (await fetch(`${await app.getUrl()}/api/docs-json`)).text();
  } finally {
    await app.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'nestjs-muck-linters-'));
const server = await startEmbeddedPostgres();
let failed = 0;
/** @param {string} attempt @param {boolean} isGood @param {string} output */
const note = (attempt, isGood, output) => {
  console.log(`  ${isGood ? 'ok    ' : 'FAILED'}  ${attempt}`);
  if (isGood) return;
  failed += 1;
  console.log(output.split('\n').slice(0, 60).join('\n').replace(/^/gm, '      '));
};
try {
  await cp(FILES, folder, { recursive: true });
  const install = ['npm', 'ci', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
  const { code, output } = await execute(install, folder);
  if (code !== 0) throw new Error(output);
  const document = await sampleDocument(server.url);
  await writeFile(join(folder, 'document.json'), document);
  // A path whose parameter is not described.
  await writeFile(
    join(folder, 'broken.json'),
    document.replace('"/health"', '"/health/{part}"').replace('"/api/health"', '"/api/health/{part}"'),
  );
  console.log(`The document of the sample, ${Math.round(document.length / 1000)} kB`);
  for (const [name, command] of Object.entries(LINTERS)) {
    const found = await execute(['npx', '--no-install', ...command, 'document.json'], folder);
    note(`${name} finds no error`, found.code === 0, found.output);
    const broken = await execute(['npx', '--no-install', ...command, 'broken.json'], folder);
    note(`${name} finds an error in a document that has one`, broken.code !== 0, broken.output);
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
