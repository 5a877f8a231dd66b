import { Tenancy, table, Unscoped } from 'nestjs-muck';
import type { DataSource } from 'typeorm';
import { Ticket } from './entities.js';

/** Is read by the audit, and never run. */
export class Reports {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tenancy: Tenancy,
  ) {}

  latest(): Promise<unknown> {
    return this.dataSource.query('SELECT id FROM ticket');
  }

  ofStatus(status: string): Promise<unknown> {
    return this.dataSource.query(`SELECT id FROM ticket WHERE status = ${status}`);
  }

  countries(): Promise<unknown> {
    return this.dataSource.query('SELECT count(*) FROM country');
  }

  any(sql: string): Promise<unknown> {
    return this.dataSource.query(sql);
  }

  all(): Promise<unknown> {
    return this.tenancy.unscoped('a report of the platform', () => this.dataSource.query('SELECT id FROM ticket'));
  }

  some(): Promise<unknown> {
    return this.tenancy.unscoped('the tickets of all', { entities: [Ticket] }, () =>
      this.dataSource.manager.find(Ticket),
    );
  }

  @Unscoped('a nightly count')
  nightly(): Promise<unknown> {
    return this.dataSource.query('SELECT count(*) FROM ticket');
  }

  inScope(): Promise<unknown> {
    return this.tenancy.sql(this.dataSource.manager)`SELECT count(*) FROM ${table(Ticket, 't')}`;
  }
}
