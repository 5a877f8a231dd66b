import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Whether process `pid` runs and was started as something that has `mark` in its command line. Process ids are given out again,
 * so that one is running says little by itself. Where command lines cannot be read, that has to do.
 *
 * @param {number} pid
 * @param {string} mark
 * @returns {boolean}
 */
export function isRunningAs(pid, mark) {
  if (!exists(pid)) return false;
  return commandLineOf(pid)?.includes(mark) ?? true;
}

/**
 * Whether there is a process with this id, even one that is dead and not yet collected by its parent.
 *
 * @param {number} pid
 */
export function exists(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and someone else's.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * @param {number} pid
 * @returns {string | undefined} empty for a process that is dead and not yet collected; undefined when it cannot be read
 */
function commandLineOf(pid) {
  if (process.platform === 'linux') {
    // Not `ps`: a slim container has none.
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return undefined;
    }
  }
  const { status, stdout } = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}
