import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tenancy } from 'nestjs-muck';
import type { TenantScope } from 'nestjs-muck';
import { databasesToTest } from './databases.js';
import type { DatabaseKind } from './databases.js';
import { provesAttempts } from './detach.js';

/** What Acme tries. It has crossed when its answer holds a text of Globex, or a row of Globex has changed. */
export type Attempt<Subject> = (subject: Subject) => Promise<unknown>;

/** An attempt that needs rows of its own, or that some databases cannot express. */
export interface SpecialAttempt<Subject> {
  readonly attempt: Attempt<Subject>;
  /** Makes rows before the attempt, over all tenants. They do not count as a change. */
  readonly given?: Attempt<Subject>;
  /** Databases that cannot express the attempt, with the reason. */
  readonly not?: Partial<Record<DatabaseKind, string>>;
}

/** Attempts by the promise that each of them would break. */
export type Attempts<Subject> = Readonly<Record<string, Attempt<Subject> | SpecialAttempt<Subject>>>;

/** Entities with rows of Acme, who attacks, and of Globex. */
export interface Stage<Subject> {
  readonly acme: TenantScope;
  /** @param enforced false for a stage without enforcement: what crosses there proves that an attack is one */
  open(kind: DatabaseKind, enforced: boolean): Promise<OpenStage<Subject>>;
  /** Databases on which none of it can be tried, with the reason. */
  readonly not?: Partial<Record<DatabaseKind, string>>;
  /** Whether an attempt fails the test when the database cannot read its statement, which proves nothing about the scope. */
  readonly refusesUnreadable: boolean;
}

/** A {@link Stage} in a database of its own. */
export interface OpenStage<Subject> {
  readonly subject: Subject;
  /** Puts the rows back and makes those that an attempt needs. @returns the rows of Globex as text */
  prepare(given: Attempt<Subject> | undefined): Promise<string>;
  /** Ends an attempt. @returns the rows of Globex as text */
  finish(): Promise<string>;
  close(): Promise<void>;
}

const tenancy = new Tenancy();

/** The stages that are open, which all attacks of a test file share, by database and whether they are enforced. */
const opened = new Map<object, Map<string, Promise<OpenStage<unknown>>>>();

function openOnce<Subject>(stage: Stage<Subject>, kind: DatabaseKind, enforced: boolean): Promise<OpenStage<Subject>> {
  const stages = opened.get(stage) ?? new Map<string, Promise<OpenStage<unknown>>>();
  opened.set(stage, stages);
  const key = `${kind} ${enforced}`;
  const open = (stages.get(key) as Promise<OpenStage<Subject>> | undefined) ?? stage.open(kind, enforced);
  stages.set(key, open);
  return open;
}

async function closeStages(): Promise<void> {
  const stages = [...opened.values()].flatMap((byKey) => [...byKey.values()]);
  opened.clear();
  for (const stage of stages) await (await stage).close();
}

// This module is loaded anew for each test file, so that these are the stages of one.
afterAll(closeStages);

/** Runs each attempt twice on each database: with enforcement, where it must not cross, and without, where it must. */
export function attacksOn<Subject>(stage: Stage<Subject>, title: string, attempts: Attempts<Subject>): void {
  const kinds = databasesToTest().filter((kind) => stage.not?.[kind] === undefined);
  if (kinds.length === 0) {
    describe(title, () => it('is not tried on these databases', () => undefined));
    return;
  }
  describe.each(kinds)(`${title} on %s`, (kind) => {
    const open: Partial<Record<'held' | 'open', OpenStage<Subject>>> = {};

    beforeAll(async () => {
      open.held = await openOnce(stage, kind, true);
      if (provesAttempts) open.open = await openOnce(stage, kind, false);
    });
    // Mutants, which are not proved, are run in one process that loads this module once.
    if (!provesAttempts) afterAll(closeStages);

    const outcome = async (
      { subject, prepare, finish }: OpenStage<Subject>,
      { attempt, given }: SpecialAttempt<Subject>,
    ): Promise<Outcome> => {
      const before = await prepare(given);
      const said = await tenancy.run(stage.acme, async () => {
        try {
          return textOf(await attempt(subject));
        } catch (error) {
          return error instanceof Error ? `${error.name}: ${error.message}` : textOf(error);
        }
      });
      const after = await finish();
      return { crosses: after !== before || /globex/i.test(said), said: said.slice(0, 500) };
    };

    for (const [promise, given] of Object.entries(attempts)) {
      const special = typeof given === 'function' ? { attempt: given } : given;
      const reason = special.not?.[kind];
      if (reason !== undefined) {
        it(`${promise} (cannot be expressed here: ${reason})`, () => undefined);
        continue;
      }
      it(promise, async () => {
        if (provesAttempts) {
          const withoutEnforcement = await outcome(open.open!, special);
          expect({ withoutEnforcement }).toEqual({ withoutEnforcement: { ...withoutEnforcement, crosses: true } });
        }
        const withEnforcement = await outcome(open.held!, special);
        expect({ withEnforcement }).toEqual({ withEnforcement: { ...withEnforcement, crosses: false } });
        if (stage.refusesUnreadable) expect(withEnforcement.said).not.toMatch(/^QueryFailedError/);
      });
    }
  });
}

/** Whether an attempt has crossed, and its answer or error. */
interface Outcome {
  readonly crosses: boolean;
  readonly said: string;
}

function textOf(value: unknown): string {
  const seen = new Set<unknown>();
  return (
    JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === 'bigint') return String(part);
      if (typeof part !== 'object' || part === null) return part;
      if (seen.has(part)) return undefined;
      seen.add(part);
      return part;
    }) ?? ''
  );
}
