// @ts-check
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { compilerOptionsFor } from '../../../../swc.config.mjs';

/**
 * Runs the library's sources, and refuses `@opentelemetry/` as Node does where it is not installed.
 *
 * @type {import('node:module').ResolveHook}
 */
export const resolve = async (specifier, context, next) => {
  if (specifier.startsWith('@opentelemetry/'))
    throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' });
  const isSource = specifier.startsWith('.') && !context.parentURL?.includes('/node_modules/');
  return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
};

/** @type {import('node:module').LoadHook} */
export const load = async (url, context, next) => {
  if (!url.endsWith('.ts')) return next(url, context);
  const file = fileURLToPath(url);
  const { code } = await transform(await readFile(file, 'utf8'), { ...compilerOptionsFor(file), filename: file });
  return { format: 'module', source: code, shortCircuit: true };
};
