import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databasesToTest } from './databases.js';
import type { DatabaseKind } from './databases.js';
import { ACME, tenancy, World } from './world.js';

/** What Acme tries. It has crossed when its answer holds a text of Globex, or a row of Globex has changed. */
export type Attempt = (world: World) => Promise<unknown>;

/** An attempt that some databases cannot express, with the reason. */
export interface LimitedAttempt {
  readonly attempt: Attempt;
  readonly not: Partial<Record<DatabaseKind, string>>;
}

/** For attempts whose prize is a number or a bit: says that it has crossed when `condition` holds. */
export function crossedIf(condition: boolean): string {
  return condition ? 'globex' : 'nothing';
}

/**
 * Runs each attempt twice on each database: with enforcement, where it must not cross, and without, where it must. An attempt is
 * named by the promise that it would break.
 */
export function attacks(title: string, attempts: Readonly<Record<string, Attempt | LimitedAttempt>>): void {
  describe.each(databasesToTest())(`${title} on %s`, (kind) => {
    const worlds: Partial<Record<'held' | 'open', World>> = {};
    let untouched: Record<'held' | 'open', string>;

    beforeAll(async () => {
      worlds.held = await World.open(kind, true);
      worlds.open = await World.open(kind, false);
      untouched = { held: await worlds.held.globex(), open: await worlds.open.globex() };
    });
    afterAll(async () => {
      await worlds.held?.close();
      await worlds.open?.close();
    });

    const crosses = async (which: 'held' | 'open', attempt: Attempt): Promise<boolean> => {
      const world = worlds[which]!;
      const answer = await tenancy.run(ACME, async () => {
        try {
          return await attempt(world);
        } catch (error) {
          // What an error says is an answer too.
          return error instanceof Error && which === 'held' ? error.message : undefined;
        }
      });
      const changed = (await world.globex()) !== untouched[which];
      await world.reset();
      untouched[which] = await world.globex();
      return changed || /globex/i.test(textOf(answer));
    };

    for (const [promise, given] of Object.entries(attempts)) {
      const { attempt, not } = typeof given === 'function' ? { attempt: given, not: {} } : given;
      const reason = (not as LimitedAttempt['not'])[kind];
      if (reason !== undefined) {
        it(`${promise} (cannot be expressed here: ${reason})`, () => undefined);
        continue;
      }
      it(promise, async () => {
        expect({ crossesWithoutEnforcement: await crosses('open', attempt) }).toEqual({ crossesWithoutEnforcement: true });
        expect({ crosses: await crosses('held', attempt) }).toEqual({ crosses: false });
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
