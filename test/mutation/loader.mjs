// @ts-check
import { mkdir, readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compilerOptionsFor } from '../../swc.config.mjs';
import { compile, sourceOf } from '../support/typescript.mjs';

/** Module hooks that let Node load the test files as Jest does: TypeScript, the package by its name, and a harness for Jest's globals. */

const harness = new URL('./jest-globals.mjs', import.meta.url).href;

/** @type {string} */
let root;
/** @type {string} */
let compiled;

/** @param {{ root: string, compiled: string }} given the project's folder, and one that keeps what has been compiled */
export async function initialize(given) {
  root = pathToFileURL(`${given.root}/`).href;
  compiled = given.compiled;
  await mkdir(compiled, { recursive: true });
}

/** @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, next) {
  if (specifier === '@jest/globals') return { url: harness, shortCircuit: true };
  const registry = context.parentURL && new URL(context.parentURL).search;
  const [, entry] = /^nestjs-muck\/(client|openapi|rls|terminus|testing)$/.exec(specifier) ?? [];
  if (entry !== undefined) return { url: `${root}lib/${entry}/index.ts${registry}`, shortCircuit: true };
  if (specifier === 'nestjs-muck') return { url: `${root}lib/index.ts${registry}`, shortCircuit: true };
  const { parentURL } = context;
  if (/^\.{1,2}\//.test(specifier) && parentURL?.startsWith(root) && !parentURL.includes('/node_modules/')) {
    return { url: `${sourceOf(specifier, parentURL)}${registry}`, shortCircuit: true };
  }
  return next(specifier, context);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  const { pathname, protocol } = new URL(url);
  if (protocol !== 'file:' || !pathname.endsWith('.ts')) return next(url, context);
  const file = fileURLToPath(new URL(pathname, url));
  const source = await readFile(file, 'utf8');
  return {
    format: 'module',
    shortCircuit: true,
    source: await compile(file, source, compilerOptionsFor(file), compiled),
  };
}
