// @ts-check
import { cpus } from 'node:os';
import { chooseContestants } from './contestants.mjs';
import { measureApplication } from './parts/application.mjs';
import { measureJoins } from './parts/joins.mjs';
import { measureMemory } from './parts/memory.mjs';
import { measurePolicies } from './parts/policies.mjs';
import { measureRequests } from './parts/requests.mjs';
import { measureLargeStarts, measureSmallStarts } from './parts/starts.mjs';
import { measureTenancy } from './parts/tenancy.mjs';
import { measureTenants } from './parts/tenants.mjs';
import { deepPageOf } from './requests/sample.mjs';
import { chooseKinds } from './requests/kinds.mjs';
import { installedVersions } from './versions.mjs';

/**
 * @typedef {import('./options.mjs').Options} Options
 * @typedef {import('./context.mjs').Context} Context
 */

/**
 * What a run measured, as it is kept.
 *
 * @typedef {object} Results
 * @property {Record<string, string>} versions
 * @property {string} machine
 * @property {number} rows
 * @property {number} tenants
 * @property {number} deepPage
 * @property {number} rounds
 * @property {boolean} isQuick
 * @property {string[]} warnings
 * @property {import('./rounds.mjs').Turn[]} [requests]
 * @property {import('./rounds.mjs').Turn[]} [application]
 * @property {import('./rounds.mjs').Turn[]} [tenancy]
 * @property {import('./rounds.mjs').Turn[]} [scale]
 * @property {import('./rounds.mjs').Turn[]} [policies]
 * @property {import('./parts/joins.mjs').JoinsRound[]} [joins]
 * @property {import('./parts/starts.mjs').Starts} [start]
 * @property {import('./parts/starts.mjs').Starts & { entities: number }} [large]
 * @property {import('./parts/memory.mjs').Memory} [memory]
 */

/** What else there is to measure, by the name that `--only` takes. */
const SMALLER = {
  application: measureApplication,
  tenancy: measureTenancy,
  scale: measureTenants,
  policies: measurePolicies,
  joins: measureJoins,
  start: measureSmallStarts,
  large: measureLargeStarts,
  memory: measureMemory,
};

/**
 * The parts that a run consists of.
 *
 * @param {Options} options
 */
export function partsOf(options) {
  const kinds = chooseKinds(options.only);
  const contestants = kinds.length === 0 ? [] : [...chooseContestants(options).values()].flat();
  const smaller = Object.entries(SMALLER).filter(([name]) => options.only.length === 0 || options.only.includes(name));
  return {
    kinds,
    smaller,
    applications: [...new Set(['nest-12', ...contestants.map(({ application }) => application)])],
  };
}

/** @param {Context} context @param {ReturnType<typeof partsOf>} parts @returns {Promise<Results>} */
export async function measureParts(context, { kinds, smaller }) {
  const { options, dataSet, noise } = context;
  /** @type {Record<string, any>} */
  const results = kinds.length === 0 ? {} : { requests: await measureRequests(context, kinds) };
  const failures = [];
  for (const [name, measure] of smaller) {
    try {
      results[name] = await measure(context);
    } catch (error) {
      // What has been measured until here is kept.
      failures.push(`${name} was not measured: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
  return {
    versions: { Node: process.version, PostgreSQL: context.version, ...installedVersions() },
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`,
    ...{ rows: dataSet.rows, tenants: dataSet.tenants, deepPage: deepPageOf(dataSet) },
    ...{ rounds: options.rounds, isQuick: options.isQuick },
    warnings: [...noise.warnings(), ...failures],
    ...results,
  };
}
