import { DataSource } from 'typeorm';
import type { DatabaseUrl } from './data-source-options.js';
import { CreateSupportDesk1767600000000 } from './migrations/1767600000000-create-support-desk.js';
import { FollowTickets1768204800000 } from './migrations/1768204800000-follow-tickets.js';
import { CountChanges1768809600000 } from './migrations/1768809600000-count-changes.js';
import { oneAtATime } from './one-at-a-time.js';

const migrations = [CreateSupportDesk1767600000000, FollowTickets1768204800000, CountChanges1768809600000];

/**
 * Brings the tables up to date. It has a DataSource of its own without entities: a migration knows tables, not classes, and
 * has to run before the application looks at them.
 *
 * @returns the names of the migrations that ran; none when the tables were up to date
 */
export async function migrate(url: DatabaseUrl): Promise<string[]> {
  const dataSource = await new DataSource({ type: 'postgres', url, migrations }).initialize();
  try {
    const runner = dataSource.createQueryRunner();
    try {
      return await oneAtATime(runner, async () => {
        const done = await dataSource.runMigrations({ transaction: 'all' });
        return done.map((migration) => migration.name);
      });
    } finally {
      await runner.release();
    }
  } finally {
    await dataSource.destroy();
  }
}
