// @ts-check
import { join } from 'node:path';
import { ask, endProcess, messageOf, startProcess } from './processes.mjs';

/**
 * A contestant that runs.
 *
 * @typedef {import('./contestants.mjs').Contestant & Server} Running
 * @typedef {object} Server
 * @property {string} url
 * @property {() => Promise<number>} cpu seconds that its process has computed
 * @property {() => Promise<NodeJS.MemoryUsage>} memory
 * @property {() => Promise<void>} stop
 */

/**
 * @param {import('./contestants.mjs').Contestant} contestant
 * @param {{ folders: ReadonlyMap<string, string>, url: string, schema: string, execArgv?: string[] }} options
 * @returns {Promise<Running>}
 */
export async function startServer(contestant, { folders, url, schema, execArgv }) {
  const { application, module, adapter, env } = contestant;
  const folder = folders.get(application) ?? '';
  const child = startProcess(join(folder, module), {
    env: { DATABASE_URL: url, SCHEMA: schema, ADAPTER: adapter, ...env },
    execArgv,
  });
  const { url: own } = await messageOf(child);
  return {
    ...contestant,
    url: own,
    cpu: async () => {
      const { user, system } = await ask(child, 'cpu');
      return (user + system) / 1e6;
    },
    memory: () => ask(child, 'memory'),
    stop: () => endProcess(child),
  };
}
