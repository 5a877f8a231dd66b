// @ts-check
// A process of a run: it loads the library that it is told, with the changes that it is told, and tries models.
import { register } from 'node:module';

/** @typedef {import('./task.js').Task & { hooks: object }} Told */

process.once('message', async (/** @type {Told} */ { hooks, ...task }) => {
  register('./loader.mjs', { parentURL: import.meta.url, data: hooks });
  const folder = process.env.TEST_STATEMENTS;
  const recorder = folder === undefined ? undefined : await import('../../support/statement-recorder.js');
  recorder?.recordStatements();
  const { perform } = await import('./task.js');
  await perform(task, (/** @type {import('./task.js').Outcome} */ outcome) => process.send?.(outcome));
  if (folder !== undefined) recorder?.writeStatements(folder);
  process.exit(0);
});
