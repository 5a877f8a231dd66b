import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { attacksOn } from './attack-stage.js';
import type { Attempts, Attempt as AttemptOn, SpecialAttempt as SpecialAttemptOn, Stage } from './attack-stage.js';
import type { SelectQueryBuilder } from 'typeorm';
import { databasesToTest } from './databases.js';
import type { DatabaseKind } from './databases.js';
import { Ticket } from './desk.js';
import { ACME, tenancy, World } from './world.js';

export type Attempt = AttemptOn<World>;
export type SpecialAttempt = SpecialAttemptOn<World>;

export const POSTGRES: readonly DatabaseKind[] = ['postgres', 'postgres15'];
export const MARIADB: readonly DatabaseKind[] = ['mariadb'];
export const SQLITE: readonly DatabaseKind[] = ['sqljs'];

export const tickets = (world: World, alias = 't'): SelectQueryBuilder<Ticket> =>
  world.repo(Ticket).createQueryBuilder(alias);

/** For attempts whose prize is a number or a bit: says that it has crossed when `condition` holds. */
export function crossedIf(condition: boolean): string {
  return condition ? 'globex' : 'nothing';
}

/** The help desk of two tenants. */
const helpDesk: Stage<World> = {
  acme: ACME,
  refusesUnreadable: true,
  async open(kind, enforced) {
    const world = await World.open(kind, enforced);
    return {
      subject: world,
      async prepare(given) {
        if (given === undefined) return world.untouched.globex;
        await tenancy.unscoped('what is there before', () => given(world));
        return (await world.look()).globex;
      },
      async finish() {
        const after = await world.look();
        await world.reset(after);
        return after.globex;
      },
      close: () => world.close(),
    };
  },
};

/** Runs each attempt twice on each database, on the help desk's entities. @see attacksOn */
export function attacks(title: string, attempts: Attempts<World>): void {
  attacksOn(helpDesk, title, attempts);
}

/** As {@link attacks}, for attempts after which a connection or the schema may not be as it was. */
export function attacksAlone(title: string, attempts: Attempts<World>): void {
  attacksOn({ ...helpDesk }, title, attempts);
}

export type Use = (world: World) => Promise<unknown>;
/** A test that only some databases can express. */
interface LimitedUse {
  readonly use: Use;
  readonly on: readonly DatabaseKind[];
}
/** What an application does, by name. */
export type Uses = Readonly<Record<string, Use | LimitedUse>>;

/** Runs each test on each database, in a world with enforcement whose rows are put back afterwards. Named by the promise it keeps. */
export function promises(title: string, tests: Uses): void {
  describe.each(databasesToTest())(`${title} on %s`, (kind) => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await World.open(kind, true);
    });
    afterEach(async () => world?.reset(await world.look()));
    afterAll(() => world?.close());

    for (const [promise, given] of Object.entries(tests)) {
      const { use, on } = typeof given === 'function' ? { use: given, on: undefined } : given;
      if (on === undefined || on.includes(kind)) it(promise, () => use(world!));
    }
  });
}

/** Runs each use in Acme's scope, where it must not be refused: applications would switch off protection that refuses it. */
export function allowed(title: string, uses: Uses): void {
  const tests = Object.entries(uses).map(([name, given]) => {
    const use = typeof given === 'function' ? given : given.use;
    const test = async (world: World): Promise<void> => {
      const refusal = await tenancy.run(ACME, () =>
        use(world).then(
          () => 'none',
          (error: Error) => `${error.name}: ${error.message}`,
        ),
      );
      expect(refusal).toBe('none');
    };
    return [`lets ${name} through`, typeof given === 'function' ? test : { ...given, use: test }] as const;
  });
  promises(title, Object.fromEntries(tests));
}
