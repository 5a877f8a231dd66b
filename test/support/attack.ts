import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databasesToTest } from './databases.js';
import type { DatabaseKind } from './databases.js';
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
      worlds.open = await World.open(kind, false);
    });
    afterAll(async () => {
      await worlds.held?.close();
      await worlds.open?.close();
    });

    const crosses = async (which: 'held' | 'open', { attempt, given }: SpecialAttempt): Promise<boolean> => {
      const world = worlds[which]!;
      if (given !== undefined) await tenancy.unscoped('what is there before', () => given(world));
      const before = await world.look();
      const answer = await tenancy.run(ACME, async () => {
        try {
          return await attempt(world);
        } catch (error) {
          // What an error says is an answer too.
          return error instanceof Error && which === 'held' ? error.message : undefined;
        }
      });
      const after = await world.look();
      await world.reset(after);
      return after.globex !== before.globex || /globex/i.test(textOf(answer));
    };

    for (const [promise, given] of Object.entries(attempts)) {
      const special = typeof given === 'function' ? { attempt: given } : given;
      const reason = special.not?.[kind];
      if (reason !== undefined) {
        it(`${promise} (cannot be expressed here: ${reason})`, () => undefined);
        continue;
      }
      it(promise, async () => {
        expect({ crossesWithoutEnforcement: await crosses('open', special) }).toEqual({ crossesWithoutEnforcement: true });
        expect({ crosses: await crosses('held', special) }).toEqual({ crosses: false });
      });
    }
  });
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
