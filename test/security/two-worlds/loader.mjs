// @ts-check
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from '@swc/core';
import { application, library } from '../../../swc.config.mjs';

/**
 * Module hooks that let Node load TypeScript, the package by its name from any checkout, and sources with a fault in them.
 *
 * @typedef {{ file: string, from: string, to: string }} Change of the text of a source file of the library
 */

/** @type {{ root: string, library: string, compiled: string, changes: Change[] }} */
let given;

/** @param {typeof given} data the project's folder, that of the library, one that keeps what has been compiled, and changes */
export async function initialize(data) {
  given = data;
  await mkdir(given.compiled, { recursive: true });
}

/** @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, next) {
  const index = pathToFileURL(join(given.library, 'lib/')).href;
  if (specifier === 'nestjs-muck') return { url: `${index}index.ts`, shortCircuit: true };
  const { parentURL } = context;
  if (/^\.{1,2}\//.test(specifier) && parentURL && !parentURL.includes('/node_modules/')) {
    const url = new URL(specifier, parentURL);
    // TypeScript names the file that will be emitted.
    const source = new URL(url.href.replace(/\.js$/, '.ts'));
    return { url: (existsSync(source) ? source : url).href, shortCircuit: true };
  }
  // Whatever a checkout elsewhere imports comes from this project's packages: there must be one TypeORM.
  const inProject = parentURL?.startsWith(index)
    ? { ...context, parentURL: pathToFileURL(join(given.root, 'x.js')).href }
    : context;
  return next(specifier, inProject);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  const { pathname, protocol } = new URL(url);
  if (protocol !== 'file:' || !pathname.endsWith('.ts')) return next(url, context);
  return { format: 'module', shortCircuit: true, source: await compile(fileURLToPath(url)) };
}

/** @param {string} file */
async function compile(file) {
  let source = await readFile(file, 'utf8');
  const isLibrary = file.startsWith(join(given.library, 'lib/'));
  for (const change of given.changes) {
    if (file !== join(given.library, change.file)) continue;
    if (source.split(change.from).length !== 2) throw new Error(`${change.file} has not once the text: ${change.from}`);
    source = source.replace(change.from, () => change.to);
  }
  const options = isLibrary ? library : application;
  const digest = createHash('sha1').update(JSON.stringify(options)).update(source).digest('hex');
  const kept = join(given.compiled, `${digest}.mjs`);
  if (existsSync(kept)) return readFile(kept, 'utf8');
  const { code } = await transform(source, { ...options, filename: file, module: { type: 'es6' } });
  // Another process may be reading it.
  const made = `${kept}.${process.pid}`;
  await writeFile(made, code);
  await rename(made, kept);
  return code;
}
