// @ts-check
import { fork } from 'node:child_process';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** @type {Set<ChildProcess>} */
const children = new Set();

/**
 * Starts a module in a process of its own.
 *
 * @param {string} module
 * @param {{ args?: string[], env?: Record<string, string>, execArgv?: string[] }} [options]
 * @returns {ChildProcess}
 */
export function startProcess(module, { args = [], env = {}, execArgv = [] } = {}) {
  const child = fork(module, args, {
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '', ...env },
    execArgv,
  });
  child.once('exit', () => children.delete(child));
  children.add(child);
  return child;
}

/**
 * Waits for the next message of a process.
 *
 * @param {ChildProcess} child
 * @returns {Promise<any>}
 * @throws {Error} if the process ends first
 */
export function messageOf(child) {
  return new Promise((resolve, reject) => {
    /** @param {number | null} code */
    const ended = (code) => reject(new Error(`${child.spawnargs.at(-1)} ended with ${code} before it responded`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

/** @param {ChildProcess} child @param {import('node:child_process').Serializable} message @returns {Promise<any>} */
export function ask(child, message) {
  const answer = messageOf(child);
  child.send(message);
  return answer;
}

/** @param {ChildProcess} child @returns {Promise<void>} */
export function endProcess(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}

/** Ends every process that is still there, also after an error. */
export async function endProcesses() {
  await Promise.all([...children].map(endProcess));
}
