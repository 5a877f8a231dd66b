import { Random } from '../../support/random.js';
import { explore } from './explore.js';
import type { Amount } from './explore.js';
import { featuresOf } from './features.js';
import { ModelGenerator } from './model-generator.js';
import type { Engine, ScopeKind } from './model.js';
import { testOf } from './replay.js';
import { shrink } from './shrink.js';
import { RefusedModel } from './world.js';

/** What a process is told to do. A process has one kind of scope. */
export interface Task {
  readonly engine: Engine;
  readonly scope: ScopeKind;
  readonly seeds: readonly number[];
  readonly amount: Amount;
  readonly shrinks: boolean;
  /** Whether nothing more is tried when something is found. */
  readonly stopsAtFirst: boolean;
}

/** What came of one model. */
export interface Outcome {
  readonly seed: number;
  readonly refusal?: string;
  readonly requests: number;
  readonly calls: number;
  readonly features: readonly string[];
  readonly statuses: Readonly<Record<string, number>>;
  readonly methods: Readonly<Record<string, number>>;
  readonly finding?: { readonly kind: string; readonly detail: string; readonly step: string; readonly test?: string };
}

/** Tries one model after the other, and tells what came of each. */
export async function perform(task: Task, tell: (outcome: Outcome) => void): Promise<void> {
  for (const seed of task.seeds) {
    const outcome = await outcomeOf(task, seed);
    tell(outcome);
    if (task.stopsAtFirst && outcome.finding !== undefined) return;
  }
}

async function outcomeOf({ engine, scope, amount, shrinks }: Task, seed: number): Promise<Outcome> {
  const model = ModelGenerator.make(new Random(seed), engine, scope);
  const methods = new Map<string, number>();
  const nothing = { seed, requests: 0, calls: 0, features: [], statuses: {}, methods: {} };
  try {
    const { steps, finding, statuses, requests, calls } = await explore(model, amount, methods);
    const counted = {
      seed,
      requests,
      calls,
      features: [...featuresOf(model), ...steps.flatMap(({ features }) => features)],
      statuses: Object.fromEntries(statuses),
      methods: Object.fromEntries(methods),
    };
    if (finding === undefined) return counted;
    const smallest = shrinks ? await shrink({ model, steps, finding }) : { model, steps, finding };
    const { kind, detail, step } = smallest.finding;
    const text = step === undefined ? '' : JSON.stringify(step);
    return { ...counted, finding: { kind, detail, step: text, ...(shrinks && { test: testOf(smallest) }) } };
  } catch (error) {
    if (error instanceof RefusedModel) return { ...nothing, refusal: error.message };
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...nothing, finding: { kind: 'error of the run', detail, step: '' } };
  }
}
