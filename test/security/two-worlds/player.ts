import type { Answer } from '../../support/transport.js';
import { CallRunner } from './call-runner.js';
import type { CallCounts } from './call-runner.js';
import { Heard } from './heard.js';
import { entityOf, keyPropertiesOf, rootOf, TENANTS } from './model.js';
import type { Model } from './model.js';
import { Ownership } from './ownership.js';
import { comparesWalls, rowSecurityMode } from './row-security-mode.js';
import type { Step } from './steps.js';
import { World } from './world.js';

/** Something that must not be. */
export interface Finding {
  readonly kind:
    'answer' | 'failure' | 'own rows' | 'foreign rows' | 'rows without an owner' | 'reference' | 'lost write';
  /** The step that showed it, if a single one did. */
  readonly step?: Step;
  /** What differs, as text. */
  readonly detail: string;
}

/** What the library says of a deletion that would go on to rows of others. */
const CASCADE = /ON (?:DELETE|UPDATE) (?:CASCADE|SET)/;

/** After how many steps of Acme the rows are looked at. */
const LOOK = 12;

/**
 * Plays steps in two databases which are equal in Acme's rows: in the quiet one Acme is alone, in the busy one are rows of others too, and what
 * others do happens there alone. Every answer to Acme must be the same in both.
 */
export class Player {
  private readonly ownership: Ownership;
  private readonly heard: { readonly quiet: Heard; readonly busy: Heard };
  private readonly calls: { readonly quiet: CallRunner; readonly busy: CallRunner };
  /** The rows of the others when Acme's turn began. */
  private before: ReadonlyMap<string, readonly string[]> | undefined;
  private sinceLook = 0;
  /** The rows without a tenant, which no tenant may change. */
  private ofNobody: ReadonlyMap<string, readonly string[]> | undefined;

  private constructor(
    private readonly quiet: World,
    private readonly busy: World,
    counts: CallCounts,
  ) {
    this.ownership = new Ownership(busy);
    this.heard = { quiet: new Heard(), busy: new Heard() };
    this.calls = { quiet: new CallRunner(quiet, counts), busy: new CallRunner(busy) };
  }

  /** @throws RefusedModel when the application does not start */
  static async open(model: Model, counts: CallCounts = new Map()): Promise<Player> {
    const mode = rowSecurityMode();
    const everyone = ['acme', 'globex', 'initech', 'all'] as const;
    const quiet = await World.open(model, comparesWalls() ? everyone : ['acme', 'all'], mode === 'on');
    try {
      const busy = await World.open(model, everyone, mode !== 'off');
      if (comparesWalls()) quiet.leaveRowSecurity();
      if (mode === 'alone') busy.leavePredicates();
      const player = new Player(quiet, busy, counts);
      await player.look();
      return player;
    } catch (error) {
      await quiet.close();
      throw error;
    }
  }

  /**
   * Does one step.
   *
   * @param learn is told the quiet world's answer to a request
   * @returns what was found; undefined when all is as it must be
   */
  async play(step: Step, learn: (answer: Answer) => void = () => {}): Promise<Finding | undefined> {
    if (step.tenant !== 'acme') {
      const found = this.sinceLook > 0 ? await this.look() : undefined;
      if (found !== undefined) return found;
      this.before = undefined;
      return this.playOther(step);
    }
    this.before ??= this.ownership.divide(await this.busy.rows(), 'acme').others;
    this.sinceLook += 1;
    const found = step.kind === 'request' ? await this.ask(step, learn) : await this.callBoth(step);
    if (found !== undefined) return found;
    return this.sinceLook >= LOOK ? this.look() : undefined;
  }

  private async playOther(step: Step): Promise<Finding | undefined> {
    let found: Finding | undefined;
    const isCompared = comparesWalls();
    if (step.kind === 'call') {
      await this.calls.busy.run(step.tenant, step.call);
      if (isCompared) await this.calls.quiet.run(step.tenant, step.call);
    } else {
      if (isCompared) await this.send(this.quiet, step);

      const answer = await this.send(this.busy, step);
      if (answer.status >= 500) found = this.failure(step, answer);
      found ??= await this.missing(this.busy, step, answer);
    }
    if (!isCompared) await this.quiet.countLike(this.busy);
    return found;
  }

  private async ask(
    step: Extract<Step, { kind: 'request' }>,
    learn: (answer: Answer) => void,
  ): Promise<Finding | undefined> {
    const quiet = await this.send(this.quiet, step);
    const busy = await this.send(this.busy, step);
    const [expected, answer] = [this.heard.quiet.textOf(quiet), this.heard.busy.textOf(busy)];
    if (expected !== answer) return { kind: 'answer', step, detail: differenceOf(expected, answer) };
    if (busy.status >= 500) return this.failure(step, busy);
    const told = wordsOfDatabase(step, busy) ?? (step.isBad && busy.status < 400 ? 'it was answered' : undefined);
    if (told !== undefined) return { kind: 'failure', step, detail: told };
    const lost = (await this.missing(this.quiet, step, quiet)) ?? (await this.missing(this.busy, step, busy));
    if (lost !== undefined) return lost;
    learn(quiet);
    return undefined;
  }

  private async callBoth(step: Extract<Step, { kind: 'call' }>): Promise<Finding | undefined> {
    const expected = await this.calls.quiet.run('acme', step.call);
    const result = await this.calls.busy.run('acme', step.call);
    this.quiet.answers.set(step.id, expected.value);
    this.busy.answers.set(step.id, result.value);
    const [one, other] = [JSON.stringify(expected), JSON.stringify(result)];
    return one === other ? undefined : { kind: 'answer', step, detail: differenceOf(one, other) };
  }

  private async send(world: World, step: Extract<Step, { kind: 'request' }>): Promise<Answer> {
    const { tenant, method, url, headers, body } = world.answers.resolve(step);
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await world.send(tenant, {
      method,
      url,
      ...(headers && { headers }),
      ...(text !== undefined && { body: text }),
    });
    const { etag, location } = answer.headers;
    world.answers.set(step.id, { ...parsed(answer.text), etag, location });
    return answer;
  }

  /** An answer of 5xx: a deletion that would reach other tenants' rows is the developer's to mend, everything else must not be. */
  private failure(step: Step, { status }: Answer): Finding | undefined {
    const { lastError } = this.busy;
    if (CASCADE.test(lastError)) return undefined;
    return { kind: 'failure', step, detail: `${status}: ${lastError.slice(0, 600)}` };
  }

  /** Whether a row that was acknowledged is not there. */
  private async missing(
    world: World,
    step: Extract<Step, { kind: 'request' }>,
    answer: Answer,
  ): Promise<Finding | undefined> {
    if (answer.status !== 201 || step.creates === undefined) return undefined;
    const entity = entityOf(world.model, step.creates);
    const body = parsed(answer.text);
    const names = keyPropertiesOf(rootOf(world.model, entity));
    if (names.some((name) => body[name] === undefined)) return undefined;
    const has = await world.has(entity, Object.fromEntries(names.map((name) => [name, body[name]])));
    return has ? undefined : { kind: 'lost write', step, detail: answer.text };
  }

  /** Looks at all rows: Acme's are alike, those of others as they were, and no reference leads from one tenant to another. */
  async look(): Promise<Finding | undefined> {
    this.sinceLook = 0;
    const [quietRows, busyRows] = [await this.quiet.rows(), await this.busy.rows()];
    const [quiet, busy] = [
      new Ownership(this.quiet).divide(quietRows, 'acme'),
      this.ownership.divide(busyRows, 'acme'),
    ];
    const own = differenceOfRows(quiet.seen, busy.seen);
    if (own !== undefined) return { kind: 'own rows', detail: own };
    const foreign = this.before && differenceOfRows(this.before, busy.others);
    if (foreign !== undefined) return { kind: 'foreign rows', detail: foreign };
    const common = [this.ownership.ofNobody(quietRows), this.ownership.ofNobody(busyRows)];
    this.ofNobody ??= common[1];
    const touched = common.map((rows) => differenceOfRows(this.ofNobody!, rows)).find((text) => text !== undefined);
    if (touched !== undefined) return { kind: 'rows without an owner', detail: touched };
    const [crossing] = this.ownership.crossings(busyRows);
    if (crossing !== undefined) return { kind: 'reference', detail: crossing };
    this.before = busy.others;
    return undefined;
  }

  /**
   * Lets the tenants work at the same time in the busy database, and Acme alone in the quiet one: Acme hears and has the same, but for the keys that
   * are counted.
   */
  async together(steps: readonly Step[]): Promise<Finding | undefined> {
    const of = (name: Step['tenant']): Step[] => steps.filter(({ tenant }) => tenant === name);
    const alone = await this.inTurn(this.quiet, of('acme'));
    const all = await Promise.all(TENANTS.map((name) => this.inTurn(this.busy, of(name))));
    const found = all.find(({ finding }) => finding !== undefined)?.finding ?? alone.finding;
    if (found !== undefined) return found;
    // InnoDB locks gaps between rows of two tenants, and ends one of two transactions that wait for each other.
    if ([alone, ...all].some(({ isDeadlocked }) => isDeadlocked)) return undefined;
    const [expected, heard] = [alone.outcomes.join(' '), all[0].outcomes.join(' ')];
    if (expected !== heard) return { kind: 'answer', detail: differenceOf(expected, heard) };
    const quietRows = new Ownership(this.quiet).divide(await this.quiet.rows(), 'acme').seen;
    const busyRows = await this.busy.rows();
    const own = differenceOfRows(withoutKeys(quietRows), withoutKeys(this.ownership.divide(busyRows, 'acme').seen));
    if (own !== undefined) return { kind: 'own rows', detail: own };
    const [crossing] = this.ownership.crossings(busyRows);
    return crossing === undefined ? undefined : { kind: 'reference', detail: crossing };
  }

  private async inTurn(world: World, steps: readonly Step[]): Promise<Turn> {
    const outcomes: string[] = [];
    for (const step of steps) {
      if (step.kind === 'call') {
        const { error } = await this.calls[world === this.quiet ? 'quiet' : 'busy'].run(step.tenant, step.call);
        if (DEADLOCK.test(error ?? '')) return { outcomes, isDeadlocked: true };
        outcomes.push(`${step.id}: ${error?.split(':')[0] ?? 'done'}`);
        continue;
      }
      const answer = await this.send(world, step);
      if (answer.status >= 500 && DEADLOCK.test(world.lastError)) return { outcomes, isDeadlocked: true };
      const finding =
        (answer.status >= 500 ? this.failure(step, answer) : undefined) ?? (await this.missing(world, step, answer));
      if (finding !== undefined) return { outcomes, isDeadlocked: false, finding };
      outcomes.push(`${step.id}: ${answer.status}`);
    }
    return { outcomes, isDeadlocked: false };
  }

  async close(): Promise<void> {
    await this.quiet.close();
    await this.busy.close();
  }
}

/** What came of one tenant's steps. */
interface Turn {
  readonly outcomes: readonly string[];
  readonly isDeadlocked: boolean;
  readonly finding?: Finding;
}

const DEADLOCK = /deadlock|Lock wait timeout/i;

/** Rows without the keys that a database counts, which depend on who came first. */
function withoutKeys(tables: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const masked = (row: string): string => row.replaceAll(/(?<![\w-])1\d{3}\b|\b[12]0000000-[\w-]+/g, '#');
  return new Map([...tables].map(([table, rows]) => [table, rows.map(masked).sort()]));
}

/** Plays all steps, up to the first finding. */
export async function playAll(model: Model, steps: readonly Step[]): Promise<Finding | undefined> {
  const player = await Player.open(model);
  try {
    for (const step of steps.filter(({ atOnce }) => atOnce === undefined)) {
      const found = await player.play(step);
      if (found !== undefined) return found;
    }
    return (await player.look()) ?? (await player.together(steps.filter(({ atOnce }) => atOnce)));
  } finally {
    await player.close();
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Words of SQL, of an error of a database or of a stack have no place in an answer. */
function wordsOfDatabase(
  { body, url }: { readonly body?: unknown; readonly url: string },
  { text }: Answer,
): string | undefined {
  const found =
    /\b(?:SELECT|INSERT INTO|DELETE FROM)\b|violates|duplicate key|Duplicate entry|constraint failed|node_modules/.exec(
      text,
    );
  return found === null || `${url} ${JSON.stringify(body)}`.includes(found[0])
    ? undefined
    : `${found[0]}: ${text.slice(0, 300)}`;
}

function differenceOf(expected: string, answer: string): string {
  let same = 0;
  while (same < expected.length && expected[same] === answer[same]) same += 1;
  const part = (text: string): string => text.slice(Math.max(0, same - 150), same + 250);
  return `alone: …${part(expected)}\n  beside others: …${part(answer)}`;
}

function differenceOfRows(
  expected: ReadonlyMap<string, readonly string[]>,
  rows: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  for (const [table, wanted] of expected) {
    const there = rows.get(table) ?? [];
    const gone = wanted.filter((row) => !there.includes(row));
    const more = there.filter((row) => !wanted.includes(row));
    if (gone.length + more.length > 0 || wanted.length !== there.length)
      return `${table}: ${gone.slice(0, 3).join(' ')} became ${more.slice(0, 3).join(' ') || 'nothing'}`;
  }
  return undefined;
}
