import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Every tenant column is NOT NULL, and every unique key of a tenant's table begins with it: a number that one organization has
 * taken is free for the next, and a conflict can never tell about another's rows.
 */
export class CreateSupportDesk1767600000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of CREATE) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of DROP) await queryRunner.query(statement);
  }
}

const CREATE = [
  `CREATE TABLE "account" (
    "id" serial PRIMARY KEY,
    "email" varchar NOT NULL,
    "passwordHash" varchar NOT NULL,
    "platformAdmin" boolean NOT NULL DEFAULT false,
    UNIQUE ("email")
  )`,

  `CREATE TABLE "organization" (
    "id" serial PRIMARY KEY,
    "name" varchar NOT NULL
  )`,

  `CREATE TYPE "user_role_enum" AS ENUM ('agent', 'admin')`,
  `CREATE TABLE "user" (
    "id" serial PRIMARY KEY,
    "accountId" integer NOT NULL REFERENCES "account",
    "email" varchar NOT NULL,
    "name" varchar NOT NULL,
    "role" "user_role_enum" NOT NULL DEFAULT 'agent',
    "organizationId" integer NOT NULL REFERENCES "organization",
    UNIQUE ("organizationId", "accountId"),
    UNIQUE ("organizationId", "email")
  )`,

  `CREATE TYPE "support_ticket_priority_enum" AS ENUM ('low', 'normal', 'high', 'urgent')`,
  `CREATE TYPE "support_ticket_status_enum" AS ENUM ('open', 'pending', 'closed')`,
  `CREATE TABLE "support_ticket" (
    "id" serial PRIMARY KEY,
    "orderNumber" integer NOT NULL,
    "subject" varchar NOT NULL,
    "priority" "support_ticket_priority_enum" NOT NULL DEFAULT 'normal',
    "status" "support_ticket_status_enum" NOT NULL DEFAULT 'open',
    "organizationId" integer NOT NULL REFERENCES "organization",
    "assigneeId" integer REFERENCES "user" ON DELETE SET NULL,
    "createdAt" timestamptz NOT NULL DEFAULT now(),
    "updatedAt" timestamptz NOT NULL DEFAULT now(),
    "deletedAt" timestamptz,
    UNIQUE ("organizationId", "orderNumber")
  )`,
  `CREATE INDEX ON "support_ticket" ("organizationId", "createdAt")`,
  `CREATE INDEX ON "support_ticket" ("assigneeId")`,

  `CREATE TABLE "comment" (
    "id" serial PRIMARY KEY,
    "body" text NOT NULL,
    "ticketId" integer NOT NULL REFERENCES "support_ticket" ON DELETE CASCADE,
    "authorId" integer NOT NULL REFERENCES "user",
    "organizationId" integer NOT NULL REFERENCES "organization"
  )`,
  `CREATE INDEX ON "comment" ("organizationId", "ticketId")`,
  `CREATE INDEX ON "comment" ("ticketId")`,
  `CREATE INDEX ON "comment" ("authorId")`,

  `CREATE TABLE "resolution" (
    "id" serial PRIMARY KEY,
    "summary" text NOT NULL,
    "ticketId" integer NOT NULL REFERENCES "support_ticket" ON DELETE CASCADE,
    UNIQUE ("ticketId")
  )`,

  `CREATE TABLE "tag" (
    "id" serial PRIMARY KEY,
    "name" varchar NOT NULL,
    "organizationId" integer NOT NULL REFERENCES "organization",
    UNIQUE ("organizationId", "name")
  )`,
  `CREATE TABLE "support_ticket_tag" (
    "ticketId" integer NOT NULL REFERENCES "support_ticket" ON UPDATE CASCADE ON DELETE CASCADE,
    "tagId" integer NOT NULL REFERENCES "tag" ON UPDATE CASCADE ON DELETE CASCADE,
    PRIMARY KEY ("ticketId", "tagId")
  )`,
  `CREATE INDEX ON "support_ticket_tag" ("ticketId")`,
  `CREATE INDEX ON "support_ticket_tag" ("tagId")`,

  `CREATE TABLE "newsfeed_item" (
    "id" serial PRIMARY KEY,
    "text" text NOT NULL,
    "publishedAt" timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE INDEX ON "newsfeed_item" ("publishedAt")`,
];

const DROP = [
  `DROP TABLE "newsfeed_item", "support_ticket_tag", "tag", "resolution", "comment", "support_ticket", "user", "organization", "account"`,
  `DROP TYPE "support_ticket_status_enum", "support_ticket_priority_enum", "user_role_enum"`,
];
