import { spawn } from 'node:child_process';

/**
 * Runs one of PostgreSQL's programs to its end.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {import('./system-user.mjs').SystemUser | undefined} user
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export function runCommand(program, args, user) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...user,
      env: environment(),
      // Out of the terminal's process group: Ctrl-C is for this process, which stops the server in its turn.
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
    }
    child.once('error', reject);
    child.once('exit', (code) => setImmediate(() => resolve({ code, output: output.trim() })));
  });
}

/** The environment without what would point PostgreSQL's programs elsewhere, and with messages in English. */
function environment() {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')));
  return { ...env, LC_ALL: 'C' };
}
