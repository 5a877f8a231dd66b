// @ts-check
import { PluginKind } from '@stryker-mutator/api/plugin';
import { changeTested, entryOf } from './change.mjs';

/** Says how far the run has come, and which mutants have survived, as soon as that is known: a whole run takes long. */
class Progress {
  tested = 0;
  total = 0;
  start = performance.now();

  /** @param {import('@stryker-mutator/api/report').MutationTestingPlanReadyEvent} event */
  onMutationTestingPlanReady({ mutantPlans }) {
    this.total = mutantPlans.filter(({ plan }) => plan === 'Run').length;
  }

  /** @param {Readonly<import('@stryker-mutator/api/core').MutantResult>} mutant */
  onMutantTested(mutant) {
    const { status } = mutant;
    if (status === 'Ignored') return;
    this.tested += 1;
    if (this.tested % 50 === 0) {
      const minutes = ((performance.now() - this.start) / 60_000).toFixed(1);
      console.log(`${this.tested} of ${this.total} mutants tested in ${minutes} minutes`);
    }
    if (status === 'Killed' || status === 'Timeout') return;
    const change = changeTested(mutant);
    if (entryOf(change) === undefined)
      console.log(`${status} ${change.file}:${change.line}\n  ${change.from}\n  ${change.to}`);
  }
}

export const strykerPlugins = [
  {
    kind: PluginKind.Reporter,
    name: 'as-they-come',
    factory: Object.assign(() => new Progress(), { inject: /** @type {const} */ ([]) }),
  },
];
