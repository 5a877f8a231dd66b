// @ts-check
// A process of a run: it loads the library that it is told, with the changes that it is told, and tries models.
import { register } from 'node:module';

/** @typedef {import('./task.js').Task & { hooks: object }} Told */

process.once('message', async (/** @type {Told} */ { hooks, ...task }) => {
  register('./loader.mjs', { parentURL: import.meta.url, data: hooks });
  const { perform } = await import('./task.js');
  await perform(task, (/** @type {import('./task.js').Outcome} */ outcome) => process.send?.(outcome));
  process.exit(0);
});
