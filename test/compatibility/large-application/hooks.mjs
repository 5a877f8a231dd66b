// @ts-check
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { application } from '../../../swc.config.mjs';

/** Module hooks that let Node load the application's TypeScript, with the built library or without one. */

const folder = new URL('.', import.meta.url).href;

/** @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, next) {
  if (specifier === 'nestjs-muck' && process.env['LIBRARY'] === 'none')
    return { url: new URL('without-library.mjs', folder).href, shortCircuit: true };
  if (specifier.startsWith('./') && context.parentURL?.startsWith(folder) && specifier.endsWith('.js'))
    return { url: new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL).href, shortCircuit: true };
  return next(specifier, context);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.startsWith(folder) || !url.endsWith('.ts')) return next(url, context);
  const file = fileURLToPath(url);
  const options = { ...application, filename: file, module: { type: /** @type {const} */ ('es6') } };
  const { code } = await transform(await readFile(file, 'utf8'), options);
  return { format: 'module', shortCircuit: true, source: code };
}
