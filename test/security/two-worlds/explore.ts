import { Random } from '../../support/random.js';
import { CallGenerator } from './call-generator.js';
import type { CallCounts } from './call-runner.js';
import { KnownKeys } from './known-keys.js';
import { relationsOf, rootOf, tenantKeysOf, TENANTS } from './model.js';
import type { EntityModel, Model, TenantName } from './model.js';
import { Player } from './player.js';
import type { Finding } from './player.js';
import { RequestGenerator } from './request-generator.js';
import type { CallStep, Step } from './steps.js';

/** How often tenants also work at the same time, and how much they then do. */
const TOGETHER = 0.35;
const AT_ONCE = 30;

/** How often Acme calls what another tenant has just called, as tenants do who are served by the same code. */
const REPEATED = 0.5;
/** Reads alone: to insert the key that another tenant has taken is told by keys that are the same for all of them. */
const READ = /^(?:find|count|exist|get|sum|average|minimum|maximum)/;
const WRITE = /^(?:insert|update|delete|softDelete|restore|save|upsert)/;

/** How much is done with one model. */
export interface Amount {
  readonly requests: number;
  readonly calls: number;
  /** Whether answers of 5xx are no findings, for libraries that are known to have such. */
  readonly onlyCrossings?: boolean;
}

/** What was done with one model, and what came of it. */
export interface Exploration {
  readonly steps: readonly Step[];
  readonly requests: number;
  readonly calls: number;
  readonly finding?: Finding;
  /** How many answers had each status. */
  readonly statuses: ReadonlyMap<number, number>;
}

/**
 * Does with a model what the generators think of, until something is found or enough is done.
 *
 * @throws RefusedModel when the application does not start
 */
export async function explore(model: Model, amount: Amount, counts: CallCounts): Promise<Exploration> {
  const random = new Random(model.seed + 1);
  const keys = new KnownKeys(model, random);
  const requests = new RequestGenerator(model, random, keys);
  const calls = new CallGenerator(model, random, keys);
  const player = await Player.open(model, counts);
  const steps: Step[] = [];
  const statuses = new Map<number, number>();
  const done = { request: 0, call: 0 };
  const result = (finding?: Finding): Exploration => ({
    steps,
    statuses,
    requests: done.request,
    calls: done.call,
    ...(finding && { finding }),
  });
  try {
    const wanted = { request: requests.isPossible ? amount.requests : 0, call: amount.calls };
    let turn = 0;
    /** The last read of another tenant, for Acme to repeat. */
    const repeated = (id: number, tenant: TenantName): CallStep | undefined => {
      const last = tenant === 'acme' ? steps.findLast(isReadOfOther) : undefined;
      if (last === undefined || !random.chance(REPEATED) || JSON.stringify(last.call).includes('{{')) return undefined;
      return { ...last, id, tenant, features: ['what another tenant called'] };
    };
    while (done.request < wanted.request || done.call < wanted.call) {
      // Turns of Acme, and shorter ones of others between them.
      const tenant: TenantName = turn % 16 < 12 ? 'acme' : random.pick(TENANTS.slice(1));
      turn += 1;
      const share = wanted.call / (wanted.call + wanted.request);
      const kind =
        done.call >= wanted.call || (done.request < wanted.request && !random.chance(share)) ? 'request' : 'call';
      const id = steps.length + 1;
      const mayWrite = (entity: EntityModel): boolean => isOwnMatter(model, entity, tenant);
      const step =
        kind === 'request'
          ? requests.next(id, tenant, mayWrite)
          : (repeated(id, tenant) ?? calls.next(id, tenant, mayWrite));
      steps.push(step);
      done[kind] += 1;
      const found = await player.play(step, (answer) => {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (step.kind === 'request') requests.learn(step, answer);
      });
      if (found !== undefined && !(amount.onlyCrossings && found.kind === 'failure')) return result(found);
    }
    const looked = await player.look();
    if (looked !== undefined || !random.chance(TOGETHER)) return result(looked);
    for (let i = 0; i < AT_ONCE; i += 1) {
      const tenant = random.pick(TENANTS);
      const id = steps.length + 1;
      const mayWrite = (entity: EntityModel): boolean => isOwnMatter(model, entity, tenant);
      const isRequest = requests.isPossible && random.chance(0.7);
      const step = isRequest ? requests.next(id, tenant, mayWrite) : calls.next(id, tenant, mayWrite);
      steps.push({ ...step, atOnce: true, features: [...step.features, 'at the same time'] });
      done[step.kind] += 1;
    }
    const last = await player.together(steps.filter(({ atOnce }) => atOnce));
    return result(amount.onlyCrossings && last?.kind === 'failure' ? undefined : last);
  } finally {
    await player.close();
  }
}

function isReadOfOther(step: Step): step is CallStep {
  if (step.kind === 'request' || step.tenant === 'acme') return false;
  const methods = step.call.chain.map(([method]) => method);
  return READ.test(methods.at(-1)!) && !methods.some((method) => WRITE.test(method));
}

/**
 * Whether a tenant may write an entity in such a test. Rows that several tenants share are theirs together: when one of them changes such a row
 * the others see it, as they must, and the two databases differ for a good reason.
 */
function isOwnMatter(model: Model, entity: EntityModel, tenant: TenantName): boolean {
  const root = rootOf(model, entity);
  if (root.owner.kind === 'shared') return false;
  const keys = tenantKeysOf(model, entity);
  const sharers = TENANTS.filter((other) =>
    keys.every((key) => model.tenants[other][key] === model.tenants[tenant][key]),
  );
  if (sharers.length === 1) return true;
  if (tenant !== 'acme') return false;
  // What others may refer to cannot be deleted while they do.
  const isHeld = model.entities.some((from) =>
    relationsOf(model, from).some(
      ({ target, onDelete, kind: relationKind }) =>
        (target === entity.name || target === root.name) &&
        tenantKeysOf(model, from).some((key) => !keys.includes(key)) &&
        (relationKind === 'many-to-many' || (onDelete !== 'CASCADE' && onDelete !== 'SET NULL')),
    ),
  );
  return !isHeld;
}
