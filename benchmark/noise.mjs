// @ts-check
import { cpus, loadavg } from 'node:os';

/** What else may run: a load per processor, and a part of its time. */
const QUIET = 0.3;
const FOREIGN = 0.15;

/**
 * Watches what else the machine does while contestants are measured.
 *
 * @typedef {ReturnType<typeof watchNoise>} Noise
 */
export function watchNoise() {
  const loadAtStart = loadavg()[0] / cpus().length;
  const total = { foreign: 0, available: 0 };
  return {
    /** Begins to observe one turn. */
    begin() {
      const before = { busy: busySeconds(), own: ownSeconds(), at: performance.now() };
      let spent = { busy: 0, own: 0, seconds: 0 };
      return {
        stop() {
          spent = {
            busy: busySeconds() - before.busy,
            own: ownSeconds() - before.own,
            seconds: (performance.now() - before.at) / 1000,
          };
        },
        /** @param {number} measured CPU seconds of the processes that took part */
        note(measured) {
          total.foreign += Math.max(0, spent.busy - spent.own - measured);
          total.available += spent.seconds * cpus().length;
        },
      };
    },
    /** The part of the machine's time that others took. */
    foreignPart: () => (total.available === 0 ? 0 : total.foreign / total.available),
    /** Warnings, if the machine was not quiet. */
    warnings() {
      const part = this.foreignPart();
      return [
        ...(loadAtStart > QUIET ? [`the load was ${loadAtStart.toFixed(1)} per processor before the first turn`] : []),
        ...(part > FOREIGN ? [`others took ${Math.round(part * 100)} % of the machine's time`] : []),
      ];
    },
  };
}

function busySeconds() {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1000;
}

function ownSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
