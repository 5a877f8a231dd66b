import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tenancy } from 'nestjs-muck';
import type { TenantScope } from 'nestjs-muck';
import { DataSource } from 'typeorm';
import type { DataSourceOptions, EntityTarget, ObjectLiteral, Repository } from 'typeorm';
import { createDatabase, databasesToTest } from './databases.js';
import type { DatabaseKind, TestDatabase } from './databases.js';
import { detach, provesAttempts } from './detach.js';
import { startAfresh } from './empty-tables.js';
import { StoredRows } from './stored-rows.js';

export const tenancy = new Tenancy();

/** A DataSource with entities of a test's own, where two tenants have rows. */
export interface Annex {
  readonly kind: DatabaseKind;
  readonly dataSource: DataSource;
  readonly repo: <T extends ObjectLiteral>(entity: EntityTarget<T>) => Repository<T>;
}

export interface AnnexPlan {
  readonly entities: (kind: DatabaseKind) => readonly unknown[];
  readonly options?: Partial<DataSourceOptions>;
  readonly acme: TenantScope;
  /** Fills the empty tables, over all tenants. */
  readonly sow: (annex: Annex) => Promise<unknown>;
  /** The rows of Globex and those that refer to them, read over all tenants. */
  readonly globex: (annex: Annex) => Promise<unknown>;
  /** Databases on which none of it can be tried, with the reason. */
  readonly not?: Partial<Record<DatabaseKind, string>>;
}

interface OpenAnnex extends Annex {
  readonly database: TestDatabase;
  readonly stored: StoredRows | undefined;
}

export type AnnexAttempt = (annex: Annex) => Promise<unknown>;

export interface LimitedAnnexAttempt {
  readonly attempt: AnnexAttempt;
  readonly not: Partial<Record<DatabaseKind, string>>;
}

/** As `attacks`, on entities of a test's own. */
export function annexAttacks(
  title: string,
  plan: AnnexPlan,
  attempts: Readonly<Record<string, AnnexAttempt | LimitedAnnexAttempt>>,
): void {
  const kinds = databasesToTest().filter((kind) => plan.not?.[kind] === undefined);
  if (kinds.length === 0) {
    describe(title, () => it('is not tried on these databases', () => undefined));
    return;
  }
  describe.each(kinds)(`${title} on %s`, (kind) => {
    const open: OpenAnnex[] = [];

    beforeAll(async () => {
      for (const enforced of provesAttempts ? [true, false] : [true]) {
        const database = await createDatabase(kind);
        const dataSource = await new DataSource({
          ...database.options,
          ...(kind !== 'sqljs' && { poolSize: 5 }),
          ...plan.options,
          entities: plan.entities(kind),
          synchronize: true,
        } as DataSourceOptions).initialize();
        if (!enforced) detach(dataSource);
        const stored = StoredRows.of(dataSource);
        open.push({ kind, dataSource, database, stored, repo: (entity) => dataSource.getRepository(entity) });
      }
    });
    afterAll(async () => {
      for (const { dataSource, database, stored } of open.splice(0)) {
        await stored?.close();
        await dataSource.destroy();
        await database.drop();
      }
    });

    const outcome = async (annex: OpenAnnex, attempt: AnnexAttempt): Promise<{ crosses: boolean; said: string }> => {
      const look = (): Promise<string> =>
        tenancy.unscoped('looks at everything', async () => JSON.stringify(await plan.globex(annex)));
      await tenancy.unscoped('starts afresh', async () => {
        const { dataSource, stored } = annex;
        if (await stored?.restore()) return;
        const resow = async (): Promise<void> => {
          await startAfresh(dataSource);
          await plan.sow(annex);
        };
        // An attempt may have removed a table.
        await resow().catch(async () => {
          await dataSource.synchronize(true);
          await resow();
        });
        await stored?.keep();
      });
      const before = await look();
      const said = await tenancy.run(plan.acme, () =>
        attempt(annex).then(
          (answer) => JSON.stringify(answer) ?? '',
          (error: Error) => `${error.name}: ${error.message}`,
        ),
      );
      const after = await look();
      return { crosses: after !== before || /globex/i.test(said), said: said.slice(0, 300) };
    };

    for (const [promise, given] of Object.entries(attempts)) {
      const { attempt, not } = typeof given === 'function' ? { attempt: given, not: {} } : given;
      const reason = not[kind];
      if (reason !== undefined) {
        it(`${promise} (cannot be expressed here: ${reason})`, () => undefined);
        continue;
      }
      it(promise, async () => {
        if (provesAttempts) {
          const withoutEnforcement = await outcome(open[1], attempt);
          expect({ withoutEnforcement }).toEqual({ withoutEnforcement: { ...withoutEnforcement, crosses: true } });
        }
        const withEnforcement = await outcome(open[0], attempt);
        expect({ withEnforcement }).toEqual({ withEnforcement: { ...withEnforcement, crosses: false } });
      });
    }
  });
}
