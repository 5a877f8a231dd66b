// @ts-check
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { application, library } from '../../../swc.config.mjs';
import { compile, sourceOf } from '../../support/typescript.mjs';

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
  if (specifier === 'nestjs-muck/rls') return { url: `${index}rls/index.ts`, shortCircuit: true };
  const { parentURL } = context;
  if (/^\.{1,2}\//.test(specifier) && parentURL && !parentURL.includes('/node_modules/')) {
    return { url: sourceOf(specifier, parentURL), shortCircuit: true };
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
  const file = fileURLToPath(url);
  const options = file.startsWith(join(given.library, 'lib/')) ? library : application;
  const source = changed(file, await readFile(file, 'utf8'));
  return { format: 'module', shortCircuit: true, source: await compile(file, source, options, given.compiled) };
}

/** A source with the changes that it is given. @param {string} file @param {string} source */
function changed(file, source) {
  for (const { file: path, from, to } of given.changes) {
    if (file !== join(given.library, path)) continue;
    if (source.split(from).length !== 2) throw new Error(`${path} has not once the text: ${from}`);
    source = source.replace(from, () => to);
  }
  return source;
}
