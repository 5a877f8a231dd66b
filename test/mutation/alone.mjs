// @ts-check
import { resolve } from 'node:path';
import { runSection, Suite } from './suite.mjs';

/*
 * Runs tests of one section with no mutant active, or with one, in a process in which none has been so far: what others have left behind
 * must not count for or against a test. Ends well when they pass.
 */

const [path, id, names, mutant] = process.argv.slice(2);
const chosen = new Set(/** @type {string[]} */ (JSON.parse(names)));
const suite = new Suite({ root: process.cwd(), compiled: resolve('mutation-compiled') });
const section = (await suite.sections(path)).find((one) => one.id === id);
/** @type {any} */
const shared = globalThis;
Object.assign((shared.__stryker__ ??= {}), { activeMutant: mutant ?? null });
const { failed } =
  section === undefined ? { failed: id } : await runSection(section, { chosen: (name) => chosen.has(name) });
process.exit(failed === undefined ? 0 : 1);
