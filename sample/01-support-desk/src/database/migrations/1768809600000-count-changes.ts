import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = ['comment', 'resolution', 'newsfeed_item'];

/** Which version of a comment, a resolution and a news item this is, so that no change overwrites another one unseen. */
export class CountChanges1768809600000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      await queryRunner.query(`ALTER TABLE "${table}" ADD "version" integer NOT NULL DEFAULT 1`);
      // The default is for the rows that are there. TypeORM numbers the new ones itself.
      await queryRunner.query(`ALTER TABLE "${table}" ALTER "version" DROP DEFAULT`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of TABLES) await queryRunner.query(`ALTER TABLE "${table}" DROP "version"`);
  }
}
