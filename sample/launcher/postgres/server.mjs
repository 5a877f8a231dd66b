import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from '../launch-error.mjs';
import { freePort } from '../port.mjs';
import { exists, isRunningAs } from '../process-info.mjs';
import { dataFolderOf, complaintIn, logFileOf } from './cluster.mjs';
import { runCommand } from './command.mjs';

/** Ports are looked for and then taken: in between another process may take one. */
const ATTEMPTS = 3;
const SECONDS_TO_START = '30';
const LAST_WORDS_BYTES = 2_000;

/**
 * The PostgreSQL server of a cluster. It is started and stopped by pg_ctl, which detaches it: it lives in no terminal, and survives
 * its parent until it is told to stop.
 */
export class Server {
  #cluster;
  #binaries;
  #user;

  /**
   * @param {string} cluster
   * @param {import('./binaries.mjs').Binaries} binaries
   * @param {import('./system-user.mjs').SystemUser | undefined} user
   */
  constructor(cluster, binaries, user) {
    this.#cluster = cluster;
    this.#binaries = binaries;
    this.#user = user;
  }

  /**
   * Starts it, after stopping one that a killed launcher has left.
   *
   * @returns {Promise<number>} the port it listens on
   * @throws {LaunchError} with the server's own reason
   */
  async start() {
    this.#removeForeignPidFile();
    await this.stop();
    for (let attempt = 1; ; attempt++) {
      const port = await freePort('127.0.0.1');
      const logged = this.#logSize();
      const { code, output } = await this.#control(
        'start',
        '-w',
        '-t',
        SECONDS_TO_START,
        '-l',
        this.log,
        '-o',
        `-p ${port}`,
      );
      if (code === 0) return port;
      const said = this.#logSince(logged) || output;
      if (attempt === ATTEMPTS || !/could not bind/i.test(said)) {
        throw new LaunchError(`PostgreSQL did not start: ${complaintIn(said)} (its log: ${this.log})`);
      }
    }
  }

  /** Stops it, if it runs, and waits until it has. Open connections are cut, transactions rolled back. */
  async stop() {
    if (!existsSync(this.#pidFile)) return;
    await this.#control('stop', '-m', 'fast', '-w');
  }

  /** Whether its main process is there. */
  async isRunning() {
    const { code } = await this.#control('status');
    return code === 0;
  }

  /** What it has written to its log at last. */
  lastWords() {
    return complaintIn(this.#logSince(Math.max(0, this.#logSize() - LAST_WORDS_BYTES)));
  }

  /** The path of its log. */
  get log() {
    return logFileOf(this.#cluster);
  }

  /**
   * A killed server leaves its pid file. The next one sees that no such process is there, and goes on; but when the id has been given
   * to another process, it believes that one to be a server on this data, and refuses.
   */
  #removeForeignPidFile() {
    if (!existsSync(this.#pidFile)) return;
    const pid = Number(readFileSync(this.#pidFile, 'utf8').split('\n')[0]);
    if (exists(pid) && !isRunningAs(pid, dataFolderOf(this.#cluster))) rmSync(this.#pidFile, { force: true });
  }

  /** @param {...string} args */
  #control(...args) {
    return runCommand(this.#binaries.pg_ctl, ['-D', dataFolderOf(this.#cluster), ...args], this.#user);
  }

  get #pidFile() {
    return join(dataFolderOf(this.#cluster), 'postmaster.pid');
  }

  /** The log is kept from run to run; what counts is what was added. */
  #logSize() {
    return existsSync(this.log) ? statSync(this.log).size : 0;
  }

  /** @param {number} size */
  #logSince(size) {
    return existsSync(this.log) ? readFileSync(this.log).subarray(size).toString('utf8') : '';
  }
}
