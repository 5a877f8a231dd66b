// @ts-check
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { transform } from '@swc/core';
import { application } from '../../swc.config.mjs';

const REPORTS = join(import.meta.dirname, '../../reports');

/**
 * Compiles an application of one file as Nest's template does, for a process without Jest.
 *
 * @param {string} source path of the TypeScript file
 * @param {string} name how the folder's name begins
 * @returns {Promise<string>} the folder of the compiled file, within the repository, where Node finds the packages
 */
export async function compileApplication(source, name) {
  await mkdir(REPORTS, { recursive: true });
  const folder = await mkdtemp(join(REPORTS, `${name}-`));
  const filename = basename(source);
  const { code } = await transform(await readFile(source, 'utf8'), {
    ...application,
    filename,
    module: { type: 'es6' },
    sourceMaps: false,
  });
  await writeFile(join(folder, filename.replace(/ts$/, 'js')), code);
  return folder;
}
