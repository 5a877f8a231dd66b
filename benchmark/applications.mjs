// @ts-check
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');
const SOURCES = join(import.meta.dirname, 'applications');
/** Within the repository, where Node finds the packages of `nest-12` and this library itself. */
const BUILT = join(ROOT, 'reports/benchmark/applications');

/**
 * Compiles an application as Nest's template compiles: by TypeScript, to ES2023. One with a package.json of its own first
 * installs what its lockfile names.
 *
 * @param {string} name a folder of `applications`
 * @returns {Promise<string>} the folder of its compiled modules
 */
export async function buildApplication(name) {
  const folder = join(BUILT, name);
  await mkdir(folder, { recursive: true });
  for (const part of ['common', name]) {
    await rm(join(folder, part), { recursive: true, force: true });
    await cp(join(SOURCES, part), join(folder, part), { recursive: true });
  }
  await cp(join(SOURCES, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  await install(join(folder, name), folder);
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], { cwd: folder }).catch(
    ({ stdout, message }) => {
      throw new Error(`${name} does not compile:\n${stdout || message}`);
    },
  );
  return join(folder, 'dist', name);
}

/** Installs the packages of an application, unless they are there. @param {string} sources @param {string} folder */
async function install(sources, folder) {
  const lockfile = await readFile(join(sources, 'package-lock.json'), 'utf8').catch(() => undefined);
  if (lockfile === undefined) return;
  const mark = join(folder, 'node_modules/.installed');
  if ((await readFile(mark, 'utf8').catch(() => '')) === lockfile) return;
  for (const file of ['package.json', 'package-lock.json']) await cp(join(sources, file), join(folder, file));
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], {
    cwd: folder,
  });
  await writeFile(mark, lockfile);
}
