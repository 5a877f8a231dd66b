import { Tenancy } from 'nestjs-muck';
import type { TenantScope } from 'nestjs-muck';
import { DataSource } from 'typeorm';
import type { DataSourceOptions, EntityTarget, ObjectLiteral, Repository } from 'typeorm';
import { attacksOn } from './attack-stage.js';
import type { Attempt, Attempts, OpenStage, Stage } from './attack-stage.js';
import { createDatabase } from './databases.js';
import type { DatabaseKind } from './databases.js';
import { detach } from './detach.js';
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

export type AnnexAttempt = Attempt<Annex>;

/** Runs each attempt twice on each database, on entities of the test's own. @see attacksOn */
export function attacks(title: string, plan: AnnexPlan, attempts: Attempts<Annex>): void {
  attacksOn(stageOf(plan), title, attempts);
}

const stages = new Map<AnnexPlan, Stage<Annex>>();

/** Attacks with the same plan share its stage. */
function stageOf(plan: AnnexPlan): Stage<Annex> {
  const { acme, not } = plan;
  const stage = stages.get(plan) ?? {
    acme,
    not,
    refusesUnreadable: false,
    open: (kind: DatabaseKind, enforced: boolean) => open(plan, kind, enforced),
  };
  stages.set(plan, stage);
  return stage;
}

async function open(plan: AnnexPlan, kind: DatabaseKind, enforced: boolean): Promise<OpenStage<Annex>> {
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
  const annex: Annex = { kind, dataSource, repo: (entity) => dataSource.getRepository(entity) };

  const resow = async (): Promise<void> => {
    await startAfresh(dataSource);
    await plan.sow(annex);
  };
  const startAgain = async (): Promise<void> => {
    if (await stored?.restore()) return;
    // An attempt may have removed a table.
    await resow().catch(async () => {
      await dataSource.synchronize(true);
      await resow();
    });
    await stored?.keep();
  };
  const look = (): Promise<string> =>
    tenancy.unscoped('looks at everything', async () => JSON.stringify(await plan.globex(annex)));
  return {
    subject: annex,
    async prepare(given) {
      await tenancy.unscoped('starts afresh', startAgain);
      if (given !== undefined) await tenancy.unscoped('what is there before', () => given(annex));
      return look();
    },
    finish: look,
    async close() {
      await stored?.close();
      await dataSource.destroy();
      await database.drop();
    },
  };
}
