// @ts-check
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from '@swc/core';

/** What module hooks that let Node load TypeScript have in common. */

/**
 * The file that an import names, where TypeScript says the name of the one that will be emitted.
 *
 * @param {string} specifier
 * @param {string} parentURL
 */
export function sourceOf(specifier, parentURL) {
  const url = new URL(specifier, parentURL);
  const source = new URL(url.href.replace(/\.js$/, '.ts'));
  return (existsSync(source) ? source : url).href;
}

/**
 * Compiles a source, unless it has been compiled before.
 *
 * @param {string} file path of the source
 * @param {string} source
 * @param {import('@swc/core').Options} options
 * @param {string} folder that keeps what has been compiled
 */
export async function compile(file, source, options, folder) {
  const digest = createHash('sha1').update(JSON.stringify(options)).update(source).digest('hex');
  const kept = join(folder, `${digest}.mjs`);
  if (existsSync(kept)) return readFile(kept, 'utf8');
  const { code } = await transform(source, { ...options, filename: file, module: { type: 'es6' } });
  // Another process may be reading it.
  const made = `${kept}.${process.pid}`;
  await writeFile(made, code);
  await rename(made, kept);
  return code;
}
