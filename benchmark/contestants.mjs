// @ts-check

/**
 * A server that takes part.
 *
 * @typedef {object} Contestant
 * @property {string} name
 * @property {string} title in the tables
 * @property {'express' | 'fastify'} adapter
 * @property {string} application a folder of `applications`
 * @property {string} module in it
 * @property {import('./requests/kinds.mjs').Contract} contract
 * @property {Record<string, string>} [env]
 */

/** @typedef {Omit<Contestant, 'adapter'>} Kind */

/** @type {Kind} */
const find = { name: 'find', title: '`find`', application: 'nest-12', module: 'find.js', contract: 'plain' };
/** @type {Kind} */
const control = { ...find, name: 'control', title: '`find` again' };
/** @type {Kind} */
const muck = { name: 'muck', title: 'this library', application: 'nest-12', module: 'muck.js', contract: 'muck' };
/** @type {Kind} */
const pg = { name: 'pg', title: '`pg`, prepared', application: 'nest-12', module: 'pg.js', contract: 'plain' };
/** @type {Kind} */
const dataui = {
  ...{ name: 'dataui', title: '@dataui/crud', application: 'dataui-crud' },
  ...{ module: 'main.js', contract: 'dataui' },
};
/** @type {Kind} */
const paginate = {
  ...{ name: 'paginate', title: 'nestjs-paginate', application: 'nestjs-paginate' },
  ...{ module: 'main.js', contract: 'paginate' },
};

/** Those of each adapter; the first is what the others are compared with, and the control shows what chance does. */
const LINE_UP = { fastify: [find, control, muck, pg], express: [find, control, muck, dataui, paginate] };

/**
 * @param {import('./options.mjs').Options} options
 * @returns {Map<string, Contestant[]>} the contestants by adapter
 */
export function chooseContestants({ adapters, contestants }) {
  const isChosen = (/** @type {Kind} */ { name }) =>
    contestants.length === 0 || name === 'find' || contestants.includes(name);
  return new Map(
    Object.entries(LINE_UP)
      .filter(([adapter]) => adapters.includes(adapter))
      .map(([adapter, kinds]) => [
        adapter,
        kinds.filter(isChosen).map((kind) => ({ ...kind, adapter: /** @type {'express' | 'fastify'} */ (adapter) })),
      ]),
  );
}

/** Contestants of the smaller comparisons, each on Fastify. @type {Record<string, Contestant>} */
export const SPECIAL = {
  muck: { ...muck, adapter: 'fastify' },
  find: { ...find, adapter: 'fastify' },
  shared: {
    ...{ ...muck, adapter: 'fastify', name: 'shared', title: 'shared entity', contract: 'shared' },
    env: { TENANCY: 'shared' },
  },
  secured: {
    ...{ ...muck, adapter: 'fastify', name: 'secured', title: 'with row-level security' },
    env: { ROW_SECURITY: 'on' },
  },
  richFind: { ...find, adapter: 'fastify', env: { APPLICATION: 'rich' } },
  richMuck: { ...muck, adapter: 'fastify', env: { APPLICATION: 'rich' } },
};
