import { relative } from 'node:path';
import { DATA } from './paths.mjs';

/**
 * The last lines of a start: where to click, and who can sign in.
 *
 * @param {string} url
 * @param {object} start
 * @param {number} start.milliseconds how long it took
 * @param {boolean} start.ownDatabase whether the data is in the data folder
 */
export function printWelcome(url, { milliseconds, ownDatabase }) {
  const kept = ownDatabase ? `; the data stays in ${relative(process.cwd(), DATA)}` : '';
  console.log(`
Ready in ${(milliseconds / 1000).toFixed(1)} s. Ctrl-C stops it${kept}.

  Open ${url}
  Sign in with the password demo as
    ada@acme.example       admin of Acme        alan@acme.example      agent of Acme
    grace@globex.example   admin of Globex      edsger@globex.example  agent of Globex
    root@platform.example  platform admin, no organization`);
}
