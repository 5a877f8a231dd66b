// @ts-check
import { fork } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';
import { changeOf, entryOf } from './change.mjs';
import { runSection, Suite } from './suite.mjs';

/**
 * Runs the tests of isolation against one mutant after the other in a process that keeps what it has loaded: a mutant costs about as much as
 * the test that kills it. For Stryker, a test is a section: the tests that are opened and closed together.
 *
 * @typedef {import('./suite.mjs').Section} Section
 * @typedef {Record<string, number>} Hits how often each mutant was met
 * @typedef {{ path: string, ms: number, around: string[], tests: Record<string, string[]> }} Reach
 *   of a section: its file, the mutants that its hooks meet, and those that each test meets
 */

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const ALONE = fileURLToPath(new URL('alone.mjs', import.meta.url));
const REACH = 'mutation-reach.json';
const UNSTEADY = 'mutation-unsteady.json';

/** How long the tests of one mutant may go on, the likeliest first: it has survived what they saw of it until then. */
const PATIENCE = Number(process.env['TEST_PATIENCE'] ?? 60) * 1000;

/** How far apart the numbers of mutants are that belong together. */
const NEIGHBOURS = 60;

/** Files that remember across DataSources: what one mutant has seen, the next would not meet again. */
const REMEMBERING = /\/orm\/sql\/(caller-text|statement-summary)\.ts$/;

/** @type {any} */
const shared = globalThis;
const stryker = (shared.__stryker__ ??= {});

class HotRunner {
  suite = new Suite({ root: process.cwd(), compiled: resolve('mutation-compiled') });
  /** @type {Record<string, Reach>} */
  reach = {};
  /** Tests that have killed, with how many: the next mutant is likely theirs too. */
  kills = /** @type {Map<string, number>} */ (new Map());
  runs = 0;
  isSpoilt = false;

  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {
    process.on('uncaughtException', () => (this.isSpoilt = true));
  }

  /** @param {string} id */
  async section(id) {
    const sections = await this.suite.sections(this.reach[id].path);
    return /** @type {Section} */ (sections.find((section) => section.id === id));
  }

  /** @returns {Promise<import('@stryker-mutator/api/test-runner').DryRunResult>} */
  async dryRun() {
    const sections = [];
    for (const path of await this.suite.paths()) {
      for (const section of await this.suite.sections(path)) sections.push({ section, path });
    }
    const tests = [];
    for (const { section } of sections) {
      const start = performance.now();
      const { failed } = await runSection(section, {
        onStart: (name) => (stryker.currentTestId = idOf(section, name)),
      });
      const { id } = section;
      const timeSpentMs = performance.now() - start;
      if (failed) {
        const failureMessage = `${failed.name}: ${textOf(failed.error)}`;
        tests.push({ id, name: id, timeSpentMs, status: TestStatus.Failed, failureMessage });
      } else tests.push({ id, name: id, timeSpentMs, status: TestStatus.Success });
    }
    stryker.currentTestId = undefined;
    const coverage = stryker.mutantCoverage ?? { static: {}, perTest: {} };
    /** @type {Record<string, Hits>} */
    const perTest = {};
    for (const [i, { section, path }] of sections.entries()) {
      const at = (/** @type {string | undefined} */ name) =>
        /** @type {Hits} */ (coverage.perTest[idOf(section, name)] ?? {});
      this.reach[section.id] = {
        path,
        ms: tests[i].timeSpentMs,
        around: Object.keys(at(undefined)),
        tests: Object.fromEntries(section.tests.map((name) => [name, Object.keys(at(name))])),
      };
      const hits = (perTest[section.id] = /** @type {Hits} */ ({}));
      for (const name of [undefined, ...section.tests])
        for (const [mutant, count] of Object.entries(at(name))) hits[mutant] = (hits[mutant] ?? 0) + count;
    }
    writeFileSync(REACH, JSON.stringify(this.reach));
    return {
      status: DryRunStatus.Complete,
      tests: /** @type {any} */ (tests),
      mutantCoverage: { static: coverage.static, perTest },
    };
  }

  /**
   * @param {import('@stryker-mutator/api/test-runner').MutantRunOptions} options
   * @returns {Promise<import('@stryker-mutator/api/test-runner').MutantRunResult>}
   */
  async mutantRun({ activeMutant, hitLimit, mutantActivation, sandboxFileName }) {
    // The list says why no test can kill it.
    if (entryOf(changeOf(activeMutant, PROJECT))) return { status: MutantRunStatus.Survived, nrOfTests: 0 };
    if (this.isSpoilt || (this.runs > 0 && REMEMBERING.test(sandboxFileName))) throw new Error('A new process, please');
    if (this.runs === 0) this.reach = read(REACH, {});
    this.runs += 1;
    this.activate = () => Object.assign(stryker, { activeMutant: activeMutant.id, hitCount: hitLimit && 0, hitLimit });
    let nrOfTests = 0;
    const start = performance.now();
    for (const { id, tests } of this.order(activeMutant.id, mutantActivation === 'static')) {
      if (performance.now() - start > PATIENCE) break;
      nrOfTests += tests.size;
      if (mutantActivation === 'static') this.activate();
      let section;
      try {
        section = await this.section(id);
      } catch (error) {
        if (mutantActivation !== 'static') throw error;
        return { status: MutantRunStatus.Killed, killedBy: [id], failureMessage: textOf(error), nrOfTests };
      }
      const left = new Set(tests);
      while (left.size > 0 && performance.now() - start <= PATIENCE) {
        this.activate();
        const { failed, hung } = await runSection(section, {
          chosen: (name) => left.has(name),
          onEnd: this.deactivate,
          limit: Math.min(20_000, 5000 + 10 * this.reach[id].ms),
        });
        this.deactivate();
        if (hung) this.isSpoilt = true;
        if (!failed) break;
        // With a static mutant this process was never without it.
        if (mutantActivation === 'static' || (await this.isReason(activeMutant.id, id, failed.name, left))) {
          this.kills.set(id, (this.kills.get(id) ?? 0) + 1);
          const failureMessage = `${failed.name}: ${textOf(failed.error)}`;
          return { status: MutantRunStatus.Killed, killedBy: [id], failureMessage, nrOfTests };
        }
        // It failed for another reason, and those behind it have not run.
        if (!left.delete(failed.name)) break;
      }
    }
    return { status: MutantRunStatus.Survived, nrOfTests };
  }

  deactivate = () => Object.assign(stryker, { activeMutant: null, hitCount: undefined, hitLimit: undefined });
  activate = () => {};

  /**
   * Whether a mutant is why a test has failed: without it the test passes. One that does not even in a process of its own is asked no more.
   *
   * @param {string} mutant
   * @param {string} id of the test's section
   * @param {string} name its own, or that of a hook around `tests`
   * @param {Set<string>} tests
   */
  async isReason(mutant, id, name, tests) {
    const section = await this.section(id);
    const names = section.tests.includes(name) ? [name] : [...tests];
    const { failed } = await runSection(section, { chosen: (one) => names.includes(one) });
    if (failed === undefined) return true;
    // This mutant has left something behind in this process, or another one has.
    this.isSpoilt = true;
    const args = [this.reach[id].path, id, JSON.stringify(names)];
    if (!(await passesAlone(args))) {
      writeFileSync(UNSTEADY, JSON.stringify([...read(UNSTEADY, []), ...names.map((one) => `${id}${one}`)]));
      return false;
    }
    return !(await passesAlone([...args, mutant]));
  }

  /**
   * The tests that meet a mutant, the likeliest and cheapest to kill it first. One that loading meets may be killed by any other too: first by
   * those that meet its neighbours, since mutants are numbered as they stand in the code.
   *
   * @param {string} mutant
   * @param {boolean} isStatic whether loading meets it
   */
  order(mutant, isStatic) {
    const unsteady = new Set(/** @type {string[]} */ (read(UNSTEADY, [])));
    const meeting = Object.entries(this.reach).map(([id, { ms, around, tests }]) => {
      const steady = Object.keys(tests).filter((name) => !unsteady.has(`${id}${name}`));
      const inside = steady.filter((name) => tests[name].includes(mutant));
      const cost = ms / (1 + 20 * (this.kills.get(id) ?? 0));
      return { id, tests: new Set(inside), all: new Set(steady), isAround: around.includes(mutant), cost };
    });
    const byCost = (/** @type {{ cost: number }} */ a, /** @type {{ cost: number }} */ b) => a.cost - b.cost;
    const first = meeting.filter(({ tests }) => tests.size > 0).sort(byCost);
    const then = meeting.filter(({ isAround }) => isAround).sort(byCost);
    /** @type {{ id: string, tests: Set<string> }[]} */
    const inOrder = [...first, ...then.map(({ id, all }) => ({ id, tests: all }))];
    if (isStatic) {
      const asked = new Set(inOrder.map(({ id }) => id));
      const nearness = this.nearness(mutant);
      const others = meeting
        .filter(({ id }) => !asked.has(id))
        .map(({ id, all, cost }) => ({ id, tests: all, cost, near: nearness.get(id) ?? 0 }))
        .sort((a, b) => b.near - a.near || byCost(a, b));
      inOrder.push(...others);
    }
    return inOrder.filter(({ tests }) => tests.size > 0);
  }

  /**
   * How much sections have to do with the place of a mutant: they meet its neighbours, above all those that few others meet.
   *
   * @param {string} mutant
   * @returns {Map<string, number>}
   */
  nearness(mutant) {
    /** @type {Map<string, string[]>} */
    const meeting = new Map();
    for (const [id, { around, tests }] of Object.entries(this.reach)) {
      for (const met of new Set([around, ...Object.values(tests)].flat())) {
        if (Math.abs(Number(met) - Number(mutant)) <= NEIGHBOURS) meeting.set(met, [...(meeting.get(met) ?? []), id]);
      }
    }
    const near = new Map();
    for (const ids of meeting.values()) for (const id of ids) near.set(id, (near.get(id) ?? 0) + 1 / ids.length);
    return near;
  }
}

/** @param {readonly string[]} args of `alone.mjs` @returns {Promise<boolean>} */
function passesAlone(args) {
  return new Promise((done) => {
    fork(ALONE, args, { stdio: 'ignore' }).once('exit', (code) => done(code === 0));
  });
}

/** @param {Section} section @param {string | undefined} name */
function idOf(section, name) {
  return `${section.id}\n${name ?? ''}`;
}

/** @param {string} file @param {any} otherwise */
function read(file, otherwise) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : otherwise;
}

/** @param {unknown} error */
function textOf(error) {
  return String((error instanceof Error && error.message) || error).slice(0, 500);
}

export const strykerPlugins = [
  {
    kind: PluginKind.TestRunner,
    name: 'hot',
    factory: Object.assign(() => new HotRunner(), { inject: /** @type {const} */ ([]) }),
  },
];
