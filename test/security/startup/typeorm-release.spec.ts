import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MuckModule, tenantFromUser, TenantScoped } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { createApplication } from '../../support/adapters.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';

@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

describe.each(databasesToTest().slice(0, 1))('G-11 the installed release of TypeORM, on %s', (kind) => {
  const program = process.argv[1];
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'muck-release-'));
    mkdirSync(join(directory, 'node_modules/typeorm'), { recursive: true });
    mkdirSync(join(directory, 'dist'));
  });
  afterEach(() => {
    process.argv[1] = program;
    Reflect.deleteProperty(DataSource.prototype, 'connect');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** As TypeORM before 1.0 is. */
  const age = (): void => void Object.assign(DataSource.prototype, { connect: () => undefined });
  const install = (version: string): void => {
    writeFileSync(join(directory, 'node_modules/typeorm/package.json'), JSON.stringify({ version }));
    process.argv[1] = join(directory, 'dist/main.js');
  };
  /** @returns what stops the start; undefined if it goes well */
  const start = async (): Promise<string | undefined> => {
    const database = await createDatabase(kind);
    try {
      const app = await createApplication({
        module: class ReleaseModule {},
        imports: [
          TypeOrmModule.forRoot({ ...database.options, entities: [Note], synchronize: true, retryAttempts: 0 }),
          MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
        ],
      });
      await app.close();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await database.drop();
    }
  };
  const refusal = (name: string) =>
    `${name} is installed, but nestjs-muck needs 1.1.1 or later, before 2.0.0. Run: npm install typeorm@^1.1.1`;

  it.each(['1.0.0', '1.0.5', '1.1.0', '2.0.0', '2.10.0', '2.3.4-beta.1', '10.1.1'])(
    'TypeORM %s stops the start by one message with the line to type',
    async (version) => {
      install(version);
      const message = await start();
      expect(message).toContain(refusal(`TypeORM ${version}`));
      expect(message!.split('installed')).toHaveLength(2);
    },
  );

  it('TypeORM 0.3 stops the start by one message, before anything of it is used', async () => {
    install('0.3.28');
    age();
    expect(await start()).toContain(refusal('TypeORM 0.3.28'));
  });

  it('a release before 1.0 stops the start where no file names it', async () => {
    install('1.1.1');
    age();
    expect(await start()).toContain(refusal('A release of TypeORM before 1.0'));
  });

  it.each(['1.1.1', '1.1.2', '1.2.0', '1.10.0-rc.1'])('TypeORM %s starts', async (version) => {
    install(version);
    expect(await start()).toBeUndefined();
  });

  it.each(['/nowhere/dist/main.js', undefined])(
    'the working directory tells the release where the program, %p, stands beside none',
    async (path) => {
      if (path === undefined) process.argv.length = 1;
      else process.argv[1] = path;
      expect(await start()).toBeUndefined();
    },
  );

  it('a file of another copy than the one that is loaded stops nothing', async () => {
    install('0.3.28');
    expect(await start()).toBeUndefined();
    for (const version of ['no version', 'not 2.0.0']) {
      install(version);
      expect(await start()).toBeUndefined();
    }
  });
});
