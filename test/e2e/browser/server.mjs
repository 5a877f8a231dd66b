// The sample as a new user starts it, in a process of its own.
// @ts-check
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

export const ROOT = new URL('../../..', import.meta.url).pathname;
const READY_WITHIN = 240_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGINT')));

/**
 * Runs `npm start` and waits for its address.
 *
 * @param {NodeJS.ProcessEnv} [env] `PORT` to start again where it was
 * @returns {Promise<{ child: import('node:child_process').ChildProcess, url: string, seconds: number }>}
 */
export async function start(env) {
  const began = Date.now();
  const child = spawn('sh', ['-c', 'exec node sample/start.mjs'], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0', DATABASE_URL: '', ADAPTER: '', JWT_SECRET: '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  let output = '';
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${READY_WITHIN} ms:\n${output}`)), READY_WITHIN);
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
      const address = /http:\/\/\S+:\d+/.exec(output)?.[0];
      if (address !== undefined && output.includes('root@platform.example')) {
        clearTimeout(timer);
        resolve(address);
      }
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${output}`)));
  });
  return { child, url: String(url), seconds: (Date.now() - began) / 1000 };
}

/**
 * Ends it as Ctrl-C does.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<boolean>} whether a process of it is left
 */
export async function interrupt(child) {
  child.removeAllListeners('exit');
  running.delete(child);
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await Promise.race([ended, new Promise((_, reject) => setTimeout(() => reject(new Error('does not end')), 15_000))]);
  return execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(`${ROOT}.data/support-desk`);
}
