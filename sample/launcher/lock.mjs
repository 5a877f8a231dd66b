import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunningAs } from './process-info.mjs';

/** What the command line of a process that may hold a lock has in it. */
const HOLDER = 'start.mjs';

/**
 * @typedef {object} Held another process has the lock
 * @property {number} heldBy its process id
 *
 * @typedef {object} Taken
 * @property {() => void} release
 */

/**
 * Takes the lock at `path`, a file with the holder's process id in it. A lock whose holder was killed is taken over.
 *
 * @param {string} path
 * @returns {Held | Taken}
 */
export function takeLock(path) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    for (;;) {
      if (linked(mine, path)) return { release: () => rmSync(path, { force: true }) };
      const holder = holderOf(path);
      if (holder !== undefined && isLive(holder)) return { heldBy: holder };
      takeAway(path, holder);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * A link is made or refused in one go, and the file behind it is complete from the start.
 *
 * @param {string} from
 * @param {string} to
 */
function linked(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * @param {string} path
 * @returns {number | undefined} undefined when the lock has just been released
 */
function holderOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function isLive(pid) {
  // In a container the dead holder may well have had the very id that this process has now.
  return Number.isInteger(pid) && pid > 0 && pid !== process.pid && isRunningAs(pid, HOLDER);
}

/**
 * Removes a dead holder's lock. Two processes may come to this at once, and one of them may have taken the lock anew before the
 * other removes it: what was moved away is looked at again, and put back if it is not the one that was meant.
 *
 * @param {string} path
 * @param {number | undefined} holder
 */
function takeAway(path, holder) {
  if (holder === undefined) return;
  const aside = `${path}.${process.pid}.old`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (holderOf(aside) !== holder) linked(aside, path);
  rmSync(aside, { force: true });
}

/**
 * Takes the lock at `path` as soon as no other process has it.
 *
 * @param {string} path
 * @param {AbortSignal} signal ends the wait
 * @returns {Promise<Taken>}
 */
export async function waitForLock(path, signal) {
  for (;;) {
    const lock = takeLock(path);
    if ('release' in lock) return lock;
    await sleep(100, undefined, { signal });
  }
}
