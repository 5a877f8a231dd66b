import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a comment was written, which version of a ticket this is, and what has become of it. */
export class FollowTickets1768204800000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await queryRunner.query(statement);
  }
}

const UP = [
  `ALTER TABLE "comment" ADD "createdAt" timestamptz NOT NULL DEFAULT now()`,
  `ALTER TABLE "support_ticket" ADD "version" integer NOT NULL DEFAULT 1`,
  // The default is for the rows that are there. TypeORM numbers the new ones itself.
  `ALTER TABLE "support_ticket" ALTER "version" DROP DEFAULT`,

  `CREATE TYPE "history_entry_event_enum" AS ENUM ('created', 'changed', 'deleted', 'restored')`,
  `CREATE TABLE "history_entry" (
    "id" serial PRIMARY KEY,
    "event" "history_entry_event_enum" NOT NULL,
    "changes" jsonb NOT NULL,
    "ticketId" integer NOT NULL REFERENCES "support_ticket" ON DELETE CASCADE,
    "authorId" integer NOT NULL REFERENCES "user",
    "createdAt" timestamptz NOT NULL DEFAULT now(),
    "organizationId" integer NOT NULL REFERENCES "organization"
  )`,
  `CREATE INDEX ON "history_entry" ("organizationId", "ticketId")`,
  `CREATE INDEX ON "history_entry" ("ticketId")`,
  `CREATE INDEX ON "history_entry" ("authorId")`,
];

const DOWN = [
  `DROP TABLE "history_entry"`,
  `DROP TYPE "history_entry_event_enum"`,
  `ALTER TABLE "support_ticket" DROP "version"`,
  `ALTER TABLE "comment" DROP "createdAt"`,
];
