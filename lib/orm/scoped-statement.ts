import type { DataSource, EntityManager, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { authorityForm } from './authority.js';

/** A row as the driver gives it, by the names of the selection. */
export type RawRow = Readonly<Record<string, unknown>>;

/** What a {@link ScopedStatement} is made of. */
export interface ScopedStatementParts {
  readonly dataSource: DataSource;
  /** Makes the select. Its named parameters are the statement's slots: they need no values here. */
  readonly build: () => SelectQueryBuilder<ObjectLiteral>;
  /** Whether it is cut by two more slots, `limit` and `offset`. */
  readonly paged?: boolean;
}

/**
 * A select that is planned once and run for any tenant: its text has slots for values, those of the tenant scope included, which it fills
 * itself from the scope in force. Nothing above this layer ever holds a tenant's parameter.
 *
 * @example
 * const statement = new ScopedStatement({ dataSource, build: () => tickets.createQueryBuilder('t').where('t.status = :status') });
 * const rows = await statement.run({ status: 'open' });
 */
export class ScopedStatement {
  /** Its text in each situation in which it means different rows: within a scope, or in a section that exempts some entities. */
  private readonly plans = new Map<string, StatementPlan>();

  constructor(private readonly parts: ScopedStatementParts) {}

  /**
   * Runs it within the scope in force.
   *
   * @param slots the values of its parameters, by name
   * @param manager of the transaction that it belongs to; the DataSource's own by default
   * @throws TenantScopeMissingError when a scoped entity is read and no scope is in force
   */
  async run(slots: Readonly<Record<string, unknown>>, manager?: EntityManager): Promise<RawRow[]> {
    const { dataSource } = this.parts;
    const { text, constants } = this.plan();
    const [sql, parameters] = dataSource.driver.escapeQueryWithParameters(text, { ...slots, ...constants });
    return (manager ?? dataSource.manager).query<RawRow[]>(sql, parameters);
  }

  private plan(): StatementPlan {
    const form = authorityForm();
    let plan = this.plans.get(form);
    if (plan === undefined) {
      const select = this.parts.build();
      plan = {
        text: select.getQuery() + (this.parts.paged === true ? ' LIMIT :limit OFFSET :offset' : ''),
        constants: typesOf(select),
      };
      this.plans.set(form, plan);
    }
    return plan;
  }
}

interface StatementPlan {
  readonly text: string;
  readonly constants: Readonly<Record<string, unknown>>;
}

/** TypeORM's own parameter of a select of one of several entities in a table. What the builder's maker has set is for slots to give. */
function typesOf(select: SelectQueryBuilder<ObjectLiteral>): Readonly<Record<string, unknown>> {
  const { discriminatorColumnValues } = select.getParameters();
  return discriminatorColumnValues === undefined
    ? {}
    : { discriminatorColumnValues: discriminatorColumnValues as unknown };
}
