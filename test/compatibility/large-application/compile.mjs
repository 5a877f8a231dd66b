// @ts-check
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from '@swc/core';
import { application } from '../../../swc.config.mjs';

/** Parts of the application that its start needs; the others are the tests of it. */
const PARTS = ['application.ts', 'class-maker.ts', 'core.ts', 'model.ts', 'modules.ts'];

/**
 * Compiles the application to JavaScript, as its own build would, so that a start measures no compiler.
 *
 * @param {string} folder within the repository, where Node finds the packages
 * @param {boolean} withLibrary without it the imports of the library are replaced by functions that do nothing
 */
export async function compileApplication(folder, withLibrary) {
  const source = import.meta.dirname;
  await mkdir(folder, { recursive: true });
  await copyFile(join(source, 'without-library.mjs'), join(folder, 'without-library.mjs'));
  for (const file of (await readdir(source)).filter((name) => PARTS.includes(name))) {
    const options = { ...application, filename: file, module: { type: /** @type {const} */ ('es6') } };
    const { code } = await transform(await readFile(join(source, file), 'utf8'), { ...options, sourceMaps: false });
    const linked = withLibrary ? code : code.replaceAll(/'nestjs-muck'|"nestjs-muck"/g, "'./without-library.mjs'");
    await writeFile(join(folder, file.replace(/\.ts$/, '.js')), linked);
  }
}
