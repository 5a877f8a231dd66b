import { createHash } from 'node:crypto';
import { Tenancy } from 'nestjs-muck';
import type { DataSource, EntityManager } from 'typeorm';
import { Account } from '../accounts/account.entity.js';
import { hashPassword } from '../accounts/password.js';
import { NewsfeedItem } from '../newsfeed/newsfeed-item.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import { User } from '../users/user.entity.js';
import { NEWS } from './demo-data/newsfeed.js';
import { DEMO_PASSWORD, ORGANIZATIONS, PLATFORM_ADMIN, type DemoOrganization } from './demo-data/people.js';
import { oneAtATime } from './one-at-a-time.js';
import { seedTickets } from './seed-tickets.js';

const tenancy = new Tenancy();

/**
 * Fills an empty database with the demo data: all of it or nothing. Ids come out the same every time.
 *
 * @param dataSource the application's, its tables made by `migrate`
 * @returns false when there was something in it already, which stays as it is
 */
export async function seed(dataSource: DataSource): Promise<boolean> {
  const runner = dataSource.createQueryRunner();
  try {
    // A transaction belongs to one tenant or to none. This one writes for all, so every row in it says whose it is.
    return await tenancy.unscoped('writes the demo data of all organizations', () =>
      oneAtATime(runner, async () => {
        if ((await runner.manager.count(Account)) > 0) return false;
        await dataSource.transaction(seedAll);
        return true;
      }),
    );
  } finally {
    await runner.release();
  }
}

async function seedAll(manager: EntityManager): Promise<void> {
  await restartIds(manager);
  await manager.insert(Account, { ...(await accountOf(PLATFORM_ADMIN)), platformAdmin: true });
  await manager.insert(NewsfeedItem, NEWS);
  for (const demo of ORGANIZATIONS) {
    const organizationId = await seedOrganization(manager, demo);
    const people = await seedPeople(manager, demo, organizationId);
    await seedTickets(manager, demo, organizationId, people);
  }
}

/** An attempt that was cut short has used up ids, which no rollback gives back. */
async function restartIds(manager: EntityManager): Promise<void> {
  const tables = manager.connection.entityMetadatas.filter((metadata) => !metadata.hasMultiplePrimaryKeys);
  for (const { tablePath } of tables) {
    await manager.query(`SELECT setval(pg_get_serial_sequence('"${tablePath}"', 'id'), 1, false)`);
  }
}

/** An organization's id says whose row it is, so it is drawn before the row is written. */
async function seedOrganization(manager: EntityManager, { name }: DemoOrganization): Promise<number> {
  const [{ id }] = await manager.query<[{ id: number }]>(
    `SELECT nextval(pg_get_serial_sequence('organization', 'id'))::integer AS id`,
  );
  await manager.insert(Organization, { id, name });
  return id;
}

async function seedPeople(
  manager: EntityManager,
  { people }: DemoOrganization,
  organizationId: number,
): Promise<User[]> {
  const users: User[] = [];
  for (const person of people) {
    const account = await manager.save(manager.create(Account, await accountOf(person.email)));
    users.push(await manager.save(manager.create(User, { ...person, organizationId, accountId: account.id })));
  }
  return users;
}

/** The salt is made from the address, so that the same data comes out every time. Real accounts get a random one. */
async function accountOf(email: string): Promise<Pick<Account, 'email' | 'passwordHash'>> {
  const salt = createHash('sha256').update(email).digest().subarray(0, 16);
  return { email, passwordHash: await hashPassword(DEMO_PASSWORD, salt) };
}
