// @ts-check
import { join } from 'node:path';
import { compileApplication } from './compile.mjs';
import { node } from './node.mjs';

/** @typedef {{ entities: number, routes: number, init: number, whole: number }} Start what a start took, in milliseconds */

/**
 * Starts the application in turns with and without the library.
 *
 * @param {string} folder within the repository, where Node finds the packages
 * @param {number} count how often it starts in each way
 */
export async function measureStarts(folder, count) {
  const file = join(folder, 'large-application.sqlite');
  const folders = { crud: join(folder, 'with-library'), plain: join(folder, 'without-library') };
  await Promise.all([compileApplication(folders.crud, true), compileApplication(folders.plain, false)]);
  /** @param {'crud' | 'plain'} parts @returns {Promise<Start>} */
  const start = async (parts) => {
    const { code, output } = await node([join(import.meta.dirname, 'start.mjs'), folders[parts], parts, file]);
    if (code !== 0) throw new Error(output);
    return JSON.parse(output === '' ? '{}' : output);
  };
  await start('plain');
  /** @type {Record<'crud' | 'plain', Start[]>} */
  const starts = { crud: [], plain: [] };
  for (let turn = 0; turn < count; turn += 1) {
    starts.plain.push(await start('plain'));
    starts.crud.push(await start('crud'));
  }
  return starts;
}
