// @ts-check
import { format } from 'node:util';
import { createRequire } from 'node:module';

/**
 * What test files import of Jest, kept hot: they are loaded once, and their tests can then be run as often as there are mutants.
 *
 * @typedef {() => unknown} Step
 * @typedef {{ name: string, run: Step }} Test
 * @typedef {{ name: string, before: Step[], after: Step[], beforeEach: Step[], afterEach: Step[], parts: (Test | Block)[] }} Block
 */

const require = createRequire(import.meta.url);
const { expect: jestExpect } = createRequire(require.resolve('@jest/expect'))('expect');
export const expect = jestExpect;

/** A test that needs what only Jest can do. */
export class NeedsJest extends Error {}

/** @type {any} */
export const jest = new Proxy(
  {},
  {
    get: (_, method) => () => {
      throw new NeedsJest(String(method));
    },
  },
);

/** @param {string} name @returns {Block} */
const newBlock = (name) => ({ name, before: [], after: [], beforeEach: [], afterEach: [], parts: [] });

let open = newBlock('');

/**
 * The tests that a file declares while it is loaded.
 *
 * @param {string} name
 * @param {() => Promise<unknown>} load
 */
export async function collect(name, load) {
  const file = (open = newBlock(name));
  await load();
  return file;
}

export const describe = withEach((/** @type {string} */ name, /** @type {() => void} */ declare) => {
  const outer = open;
  open = newBlock(name);
  outer.parts.push(open);
  declare();
  open = outer;
});

export const it = withEach((/** @type {string} */ name, /** @type {Step} */ run) => {
  open.parts.push({ name, run });
});

/** @param {Step} step */
export const beforeAll = (step) => void open.before.push(step);
/** @param {Step} step */
export const afterAll = (step) => void open.after.push(step);
/** @param {Step} step */
export const beforeEach = (step) => void open.beforeEach.push(step);
/** @param {Step} step */
export const afterEach = (step) => void open.afterEach.push(step);

/** @param {(name: string, run: any) => void} declare */
function withEach(declare) {
  const each =
    (/** @type {readonly unknown[]} */ table) =>
    (/** @type {string} */ name, /** @type {(...args: unknown[]) => unknown} */ run) => {
      for (const row of table) {
        const values = Array.isArray(row) ? row : [row];
        const places = (name.match(/%[sjdpo]/g) ?? []).length;
        declare(format(name.replaceAll('%p', '%j'), ...values.slice(0, places)), () => run(...values));
      }
    };
  return Object.assign(declare, { each, skip: () => {} });
}
