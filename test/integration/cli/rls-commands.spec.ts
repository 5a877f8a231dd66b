import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';

const FILES = join(import.meta.dirname, 'application');
const APPLICATION = ['-d', join(FILES, 'data-source.ts'), '-m', join(FILES, 'app.module.ts')];

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('npx nestjs-muck rls on %s', (kind) => {
  const role = `muck_cli_${randomBytes(4).toString('hex')}`;
  let database: TestDatabase;
  let admin: pg.Client;
  let folder: string;

  beforeAll(async () => {
    database = await createDatabase(kind);
    const { url } = database.options as Extract<DataSourceOptions, { type: 'postgres' }>;
    process.env['DATABASE_URL'] = url;
    process.env['UNSCOPED_ROLE'] = role;
    admin = new pg.Client(url);
    await admin.connect();
    await admin.query(`CREATE ROLE ${role}`);
    await admin.query('CREATE TABLE project (id serial PRIMARY KEY, "organizationId" int NOT NULL)');
    await admin.query(
      'CREATE TABLE task (id serial PRIMARY KEY, "organizationId" int NOT NULL, "projectId" int NOT NULL REFERENCES project)',
    );
    folder = await mkdtemp(join(tmpdir(), 'muck-migrations-'));
  });
  afterAll(async () => {
    await admin.query(`DROP OWNED BY ${role}`);
    await admin.query(`DROP ROLE ${role}`);
    await admin.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });
  // A command destroys the DataSource that it has imported, as a process of its own would.
  beforeEach(() => {
    jest.resetModules();
  });

  async function run(...args: string[]) {
    const { runCli } = await import('../../../lib/cli/run-cli.js');
    const { rlsCheck } = await import('../../../lib/cli/commands/rls-check.command.js');
    const { rlsGenerate } = await import('../../../lib/cli/commands/rls-generate.command.js');
    const log: string[] = [];
    const errors: string[] = [];
    const output = { log: (line: string) => void log.push(line), error: (line: string) => void errors.push(line) };
    const exitCode = await runCli(args, [rlsGenerate, rlsCheck], output);
    return { exitCode, log: log.join('\n'), errors: errors.join('\n') };
  }

  /** Sends the statements of a migration's method to the database. */
  async function migrate(method: 'up' | 'down'): Promise<void> {
    const [file] = await readdir(folder);
    const text = await readFile(join(folder, file), 'utf8');
    const body = text.slice(text.indexOf(`async ${method}(`)).split('\n  }')[0];
    for (const [, sql] of body.matchAll(/query\(`([^`]+)`\)/g)) await admin.query(sql);
  }

  it('fails a check, writes a migration, and passes after it', async () => {
    expect(await run('rls', 'check', ...APPLICATION)).toMatchObject({
      exitCode: 1,
      errors: expect.stringContaining('"task" has no row-level security'),
    });
    const generated = await run('rls', 'generate', ...APPLICATION, join(folder, 'row-security'));
    expect(generated).toMatchObject({ exitCode: 0, log: expect.stringMatching(/\d+-row-security\.ts was written/) });
    const [file] = await readdir(folder);
    expect(await readFile(join(folder, file), 'utf8')).toMatch(
      /export class RowSecurity\d{13} implements MigrationInterface/,
    );
    await migrate('up');
    expect(await run('rls', 'check', ...APPLICATION)).toMatchObject({ exitCode: 0, errors: '' });
    expect(await run('rls', 'generate', ...APPLICATION, 'unused')).toMatchObject({
      exitCode: 0,
      log: expect.stringContaining('No migration is needed'),
    });
    await migrate('down');
    const { rows } = await admin.query('SELECT 1 FROM pg_policy');
    expect(rows).toEqual([]);
    expect((await run('rls', 'check', ...APPLICATION)).exitCode).toBe(1);
  });

  it('proposes the foreign keys that include the tenant, and writes JSON', async () => {
    const { log } = await run('rls', 'check', ...APPLICATION, '--json');
    expect(JSON.parse(log)).toMatchObject({
      differences: expect.arrayContaining([expect.objectContaining({ table: '"task"' })]),
      references: [
        {
          entity: 'Task',
          property: 'projectId',
          target: 'Project',
          decorators: [
            { entity: 'Project', line: "@Unique(['organizationId', 'id'])" },
            {
              entity: 'Task',
              line: "@ForeignKey(() => Project, ['organizationId', 'projectId'], ['organizationId', 'id'])",
            },
          ],
        },
      ],
    });
  });

  it('exits with 2 without a DataSource, or with a file that is missing', async () => {
    expect((await run('rls', 'check')).exitCode).toBe(2);
    expect((await run('rls', 'check', '-d', 'missing.js')).exitCode).toBe(2);
    expect((await run('rls', 'generate', ...APPLICATION)).exitCode).toBe(2);
  });
});
