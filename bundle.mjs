// @ts-check
// Bundles what `nest build` has compiled: one file for each entry point of the package, and one for what several of them
// share. Node loads these in a fraction of the time that it takes for some 430 files. Declarations stay as they are.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { rollup } from 'rollup';

const DIST = join(import.meta.dirname, 'dist');
const CLASS = /(?:^|[\s=(])class (\w+)(?= (?:extends\b|\{))/g;

/** @type {{ exports: Record<string, string | { default: string }>, bin: Record<string, string> }} */
const { exports, bin } = JSON.parse(await readFile(join(import.meta.dirname, 'package.json'), 'utf8'));
const entryPoints = [...Object.values(exports), ...Object.values(bin)]
  .map((entry) => (typeof entry === 'string' ? entry : entry.default))
  .filter((path) => path.endsWith('.js'))
  .map((path) => relative('dist', path));

const compiled = (await readdir(DIST, { recursive: true })).filter((path) => path.endsWith('.js'));
const classes = await classesIn(compiled);
const bundle = await rollup({
  input: Object.fromEntries(entryPoints.map((path) => [path.replace(/\.js$/, ''), join(DIST, path)])),
  external: (id) => !/^[./]/.test(id),
  onwarn: ({ code, message }) => {
    // TypeScript's helpers for decorators ask whether there is a `this`.
    if (code !== 'THIS_IS_UNDEFINED') throw new Error(message);
  },
});
const { output } = await bundle.write({
  dir: DIST,
  format: 'es',
  chunkFileNames: 'chunks/[hash].js',
  hoistTransitiveImports: false,
});
const bundled = output.map(({ fileName }) => fileName);
// Of two classes with one name one gets another, by which Nest and messages would call it.
const renamed = [...(await classesIn(bundled))].filter((name) => !classes.has(name));
if (renamed.length > 0)
  throw new Error(`rename one of two that have the name of ${renamed.join(', ')} without the digit`);
await Promise.all(compiled.filter((path) => !bundled.includes(path)).map((path) => rm(join(DIST, path))));

/** The names of the classes in files of dist/. @param {readonly string[]} paths @returns {Promise<Set<string>>} */
async function classesIn(paths) {
  const texts = await Promise.all(paths.map((path) => readFile(join(DIST, path), 'utf8')));
  return new Set(texts.flatMap((text) => [...text.matchAll(CLASS)].map(([, name]) => name)));
}
