import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SelectQueryBuilder } from 'typeorm';
import { databasesToTest } from './databases.js';
import type { DatabaseKind } from './databases.js';
import { Ticket } from './desk.js';
import { ACME, tenancy, World } from './world.js';

/** What an application does inside a scope. */
export type Use = (world: World) => Promise<unknown>;
export type Only = readonly DatabaseKind[];
export type Uses = Readonly<Record<string, Use | { readonly use: Use; readonly on: Only }>>;

export const POSTGRES: Only = ['postgres', 'postgres15'];
export const MARIADB: Only = ['mariadb'];
export const SQLITE: Only = ['sqljs'];

export const tickets = (world: World, alias = 't'): SelectQueryBuilder<Ticket> =>
  world.repo(Ticket).createQueryBuilder(alias);

/** What applications do every day must go through: protection that refuses it would be switched off. */
export function everyday(title: string, uses: Uses): void {
  describe.each(databasesToTest())(`${title} on %s`, (kind) => {
    let world: World;
    beforeAll(async () => {
      world = await World.open(kind, true);
    });
    afterAll(() => world.close());

    for (const [name, given] of Object.entries(uses)) {
      const { use, on } = typeof given === 'function' ? { use: given, on: undefined } : given;
      if (on !== undefined && !on.includes(kind)) continue;
      it(`lets ${name} through`, async () => {
        const refusal = await tenancy.run(ACME, () =>
          use(world).then(
            () => 'none',
            (error: Error) => `${error.name}: ${error.message}`,
          ),
        );
        await world.reset(await world.look());
        expect(refusal).toBe('none');
      });
    }
  });
}
