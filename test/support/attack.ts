import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { databasesToTest } from './databases.js';
import type { DatabaseKind } from './databases.js';
import { provesAttempts } from './detach.js';
import { ACME, tenancy, World } from './world.js';

/** What Acme tries. It has crossed when its answer holds a text of Globex, or a row of Globex has changed. */
export type Attempt = (world: World) => Promise<unknown>;

/** An attempt that needs rows of its own, or that some databases cannot express. */
export interface SpecialAttempt {
  readonly attempt: Attempt;
  /** What is there before, made over all tenants. It does not count as a change. */
  readonly given?: Attempt;
  /** Databases that cannot express the attempt, with the reason. */
  readonly not?: Partial<Record<DatabaseKind, string>>;
}

/** For attempts whose prize is a number or a bit: says that it has crossed when `condition` holds. */
export function crossedIf(condition: boolean): string {
  return condition ? 'globex' : 'nothing';
}

/**
 * Runs each attempt twice on each database: with enforcement, where it must not cross, and without, where it must. An attempt is
 * named by the promise that it would break.
 */
export function attacks(title: string, attempts: Readonly<Record<string, Attempt | SpecialAttempt>>): void {
  describe.each(databasesToTest())(`${title} on %s`, (kind) => {
    const worlds: Partial<Record<'held' | 'open', World>> = {};

    beforeAll(async () => {
      worlds.held = await World.open(kind, true);
      if (provesAttempts) worlds.open = await World.open(kind, false);
    });
    afterAll(async () => {
      await worlds.held?.close();
      await worlds.open?.close();
    });

    const outcome = async (world: World, { attempt, given }: SpecialAttempt): Promise<Outcome> => {
      if (given !== undefined) await tenancy.unscoped('what is there before', () => given(world));
      const before = given === undefined ? world.untouched : await world.look();
      let answer: unknown;
      let error: unknown;
      await tenancy.run(ACME, async () => {
        try {
          answer = await attempt(world);
        } catch (thrown) {
          error = thrown;
        }
      });
      const after = await world.look();
      await world.reset(after);
      const said = error instanceof Error ? `${error.name}: ${error.message}` : textOf(answer);
      const told = /globex/i.test(said);
      return { crosses: told || after.globex !== before.globex, said: said.slice(0, 500) };
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
          const open = await outcome(worlds.open!, special);
          expect({ withoutEnforcement: open }).toEqual({ withoutEnforcement: { ...open, crosses: true } });
        }
        const held = await outcome(worlds.held!, special);
        expect({ withEnforcement: held }).toEqual({ withEnforcement: { ...held, crosses: false } });
        // A statement that the database cannot read would prove nothing about its scope.
        expect(held.said).not.toMatch(/^QueryFailedError/);
      });
    }
  });
}

/** Runs each test on each database, in a world with enforcement whose rows are put back afterwards. Named by the promise it keeps. */
export function promises(title: string, tests: Readonly<Record<string, (world: World) => Promise<unknown>>>): void {
  describe.each(databasesToTest())(`${title} on %s`, (kind) => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await World.open(kind, true);
    });
    afterEach(async () => world?.reset(await world.look()));
    afterAll(() => world?.close());

    for (const [promise, test] of Object.entries(tests)) {
      it(promise, () => test(world!));
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
