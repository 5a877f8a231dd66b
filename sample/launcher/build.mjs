import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from './files-digest.mjs';
import { LaunchError } from './launch-error.mjs';
import { DATA, ROOT, SAMPLE } from './paths.mjs';

/**
 * @typedef {object} BuildTarget
 * @property {string} name
 * @property {string} folder where `nest build` runs
 * @property {string[]} args
 * @property {string} [bundler] path of the script that bundles what was compiled
 * @property {string[]} sources everything that decides what comes out
 * @property {string} output
 */

/** The Nest CLI that is installed here. */
const NEST = join(ROOT, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
const DEPENDENCIES = join(ROOT, 'package-lock.json');

/** @type {BuildTarget} */
export const LIBRARY = {
  name: 'nestjs-muck',
  folder: ROOT,
  args: ['build'],
  bundler: join(ROOT, 'bundle.mjs'),
  sources: [
    join(ROOT, 'lib'),
    ...['bundle.mjs', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package.json'].map((name) =>
      join(ROOT, name),
    ),
    DEPENDENCIES,
  ],
  output: join(ROOT, 'dist'),
};

/** @type {BuildTarget} */
export const SUPPORT_DESK = {
  name: 'the sample',
  folder: SAMPLE,
  args: ['build', '-b', 'swc'],
  sources: [
    join(SAMPLE, 'src'),
    ...['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', '.swcrc'].map((name) => join(SAMPLE, name)),
    join(ROOT, 'tsconfig.json'),
    DEPENDENCIES,
  ],
  output: join(SAMPLE, 'dist'),
};

/**
 * @param {BuildTarget} target
 * @returns {boolean} whether neither its sources nor its output have changed by a byte since it was built last
 */
export function isBuilt(target) {
  const stamp = stampOf(target);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === stateOf(target);
}

/**
 * @param {BuildTarget} target
 * @param {AbortSignal} signal stops the build
 * @throws {LaunchError} when it does not build; what the compiler said has been shown
 */
export async function build(target, signal) {
  await run(target, [NEST, ...target.args], signal);
  if (target.bundler !== undefined) await run(target, [target.bundler], signal);
  writeFileSync(stampOf(target), stateOf(target));
}

/** @param {BuildTarget} target */
function stampOf({ name }) {
  return join(DATA, `built-${name.replaceAll(' ', '-')}`);
}

/** @param {BuildTarget} target */
function stateOf({ sources, output }) {
  return `${digestOf(sources)} ${digestOf([output])}`;
}

/**
 * Runs one of the programs that make a target.
 *
 * @param {BuildTarget} target
 * @param {string[]} args of Node
 * @param {AbortSignal} signal
 */
async function run({ name, folder }, args, signal) {
  const child = spawn(process.execPath, args, { cwd: folder, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (said += text));
  }
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  process.stderr.write(said);
  throw new LaunchError(`Building ${name} failed; the compiler's messages are above.`);
}
