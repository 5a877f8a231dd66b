import { describe, expect, it } from '@jest/globals';
import { TenantScoped } from 'nestjs-muck';
import { Column, DataSource, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';

/* What the commands of the typeorm CLI call, in a process that declares no scope. */

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Index() @Column() organizationId!: number;
}

class AddNote1700000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const name = (text: string): string => queryRunner.dataSource.driver.escape(text);
    await queryRunner.query(`INSERT INTO ${name('ticket')} (${name('organizationId')}) VALUES (1)`);
  }
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM ${queryRunner.dataSource.driver.escape('ticket')}`);
  }
}

describe.each(databasesToTest())('a DataSource file without a declared scope on %s', (kind) => {
  it('serves commands on the schema, and names the missing scope in queries on data', async () => {
    const database = await createDatabase(kind);
    const options = { ...database.options, entities: [Ticket], migrations: [AddNote1700000000000] };
    const dataSource = await new DataSource(options).initialize();
    const changes = async (): Promise<number> => (await dataSource.driver.createSchemaBuilder().log()).upQueries.length;
    expect(await changes()).toBeGreaterThan(0);
    await dataSource.synchronize();
    expect(await changes()).toBe(0);
    expect(await dataSource.showMigrations()).toBe(true);
    expect(await dataSource.runMigrations()).toHaveLength(1);
    await dataSource.undoLastMigration();
    const plain = /no tenant scope is declared in this process: import MuckModule\.forRoot\(.*declareScope\(/;
    await expect(dataSource.getRepository(Ticket).find()).rejects.toThrow(plain);
    await expect(dataSource.query(`SELECT * FROM ${dataSource.driver.escape('ticket')}`)).rejects.toThrow(plain);
    await dataSource.dropDatabase();
    await dataSource.destroy();
    await database.drop();
  });
});
