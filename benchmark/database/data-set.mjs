// @ts-check

/**
 * The rows that the contestants serve, in a schema of their own that is made once and used again.
 *
 * @typedef {object} DataSet
 * @property {string} schema
 * @property {number} rows
 * @property {number} tenants
 * @property {number} [largest] rows of tenant 1, which pages by cursor read; the others share the rest equally
 * @property {number} lastId the highest id of the tickets that stay
 */

const MEMBERS = 5;
const PROJECTS = 5;
/** Tells apart what other versions of this file have made. */
const VERSION = '1';
/** Of ten rows, as many belong to tenant 1. */
const LARGEST = 3;

/**
 * Makes the data set, unless the database has it.
 *
 * @param {import('pg').Client} client
 * @param {{ rows: number, tenants: number, isEven?: boolean }} shape isEven: tenant 1 has no more rows than the others
 * @returns {Promise<DataSet>}
 */
export async function makeDataSet(client, { rows, tenants, isEven = false }) {
  const schema = `tickets_${rows}_of_${tenants}${isEven ? '_even' : ''}_v${VERSION}`;
  const dataSet = { schema, rows, tenants, lastId: rows, ...(isEven ? {} : { largest: (rows * LARGEST) / 10 }) };
  await client.query(`SET search_path = ${schema}`);
  const { rows: found } = await client.query(
    'SELECT obj_description(oid) AS comment FROM pg_namespace WHERE nspname = $1',
    [schema],
  );
  if (found[0]?.comment === 'complete') {
    await client.query('DELETE FROM ticket WHERE id > $1', [rows]);
  } else {
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
    await client.query(tables());
    await client.query(content(rows, tenants, isEven));
    await client.query(keysAndIndexes());
    await client.query(`COMMENT ON SCHEMA ${schema} IS 'complete'`);
  }
  for (const table of ['member', 'project', 'ticket', 'comment']) await client.query(`VACUUM ANALYZE ${table}`);
  return dataSet;
}

/** As TypeORM makes them for the entities of the contestants. */
function tables() {
  return `
    CREATE TABLE member (id bigserial, organization_id int NOT NULL, name varchar NOT NULL, email varchar NOT NULL);
    CREATE TABLE project (id bigserial, organization_id int NOT NULL, name varchar NOT NULL, lead_id bigint NOT NULL);
    CREATE TABLE ticket (id bigserial, organization_id int NOT NULL, project_id bigint NOT NULL, assignee_id bigint NOT NULL,
      subject varchar NOT NULL, status varchar NOT NULL, priority int NOT NULL, created_at timestamptz(3) NOT NULL DEFAULT now());
    CREATE TABLE comment (id bigserial, organization_id int NOT NULL, ticket_id bigint NOT NULL, author_id bigint NOT NULL,
      body varchar NOT NULL);`;
}

/** @param {number} rows @param {number} tenants @param {boolean} isEven */
function content(rows, tenants, isEven) {
  const others = `2 + (n / 10 * ${10 - LARGEST} + n % 10 - ${LARGEST}) % ${tenants - 1}`;
  const organization = isEven ? `1 + n % ${tenants}` : `CASE WHEN n % 10 < ${LARGEST} THEN 1 ELSE ${others} END`;
  return `
    INSERT INTO member (organization_id, name, email)
      SELECT t, 'Member ' || m || ' of ' || t, 'member-' || m || '@example-' || t || '.com'
      FROM generate_series(1, ${tenants}) t, generate_series(1, ${MEMBERS}) m ORDER BY t, m;
    INSERT INTO project (organization_id, name, lead_id)
      SELECT t, 'Project ' || p, (t - 1) * ${MEMBERS} + p FROM generate_series(1, ${tenants}) t, generate_series(1, ${PROJECTS}) p
      ORDER BY t, p;
    INSERT INTO ticket (organization_id, project_id, assignee_id, subject, status, priority, created_at)
      SELECT t, (t - 1) * ${PROJECTS} + 1 + n % ${PROJECTS}, (t - 1) * ${MEMBERS} + 1 + n * 7 % ${MEMBERS}, 'Ticket about parcel "' || n || '"',
        (ARRAY['open', 'open', 'pending', 'closed'])[1 + n / 3 % 4], 1 + n / 5 % 5, timestamptz '2025-01-01 00:00:00.123Z' + n * interval '1 second'
      FROM (SELECT n, ${organization} AS t FROM generate_series(1, ${rows}) n) numbered ORDER BY n;
    INSERT INTO comment (organization_id, ticket_id, author_id, body)
      SELECT organization_id, id, assignee_id, 'A comment on ticket ' || id FROM ticket WHERE organization_id > 1 OR id % 10 = 0;`;
}

function keysAndIndexes() {
  return `
    ALTER TABLE member ADD PRIMARY KEY (id); ALTER TABLE project ADD PRIMARY KEY (id);
    ALTER TABLE ticket ADD PRIMARY KEY (id); ALTER TABLE comment ADD PRIMARY KEY (id);
    CREATE INDEX ON member (organization_id, id); CREATE INDEX ON project (organization_id, id);
    CREATE INDEX ON ticket (organization_id, created_at, id);
    CREATE INDEX ON comment (organization_id, ticket_id); CREATE INDEX ON comment (ticket_id);
    ALTER TABLE project ADD FOREIGN KEY (lead_id) REFERENCES member;
    ALTER TABLE ticket ADD FOREIGN KEY (project_id) REFERENCES project, ADD FOREIGN KEY (assignee_id) REFERENCES member;
    ALTER TABLE comment ADD FOREIGN KEY (ticket_id) REFERENCES ticket, ADD FOREIGN KEY (author_id) REFERENCES member;`;
}

/**
 * Numbers that the requests may use.
 *
 * @param {import('pg').Client} client
 * @param {DataSet} dataSet
 * @param {number} count
 * @returns {Promise<{ id: string, organization: number }[]>} tickets of all tenants but the largest
 */
export async function sampleTickets(client, { schema, rows }, count) {
  // A prime step visits the ids without an order, and the same ones in each run.
  const ids = Array.from({ length: count * 2 }, (_, i) => 1 + ((i * 7919) % rows));
  const { rows: found } = await client.query(
    `SELECT t.id, t.organization_id AS organization FROM unnest($1::bigint[]) WITH ORDINALITY given(id, place)
     JOIN ${schema}.ticket t ON t.id = given.id WHERE t.organization_id > 1 ORDER BY place LIMIT $2`,
    [ids, count],
  );
  return found;
}

/** A project and a member of a tenant, which a new ticket refers to. @param {number} organization @param {number} i */
export function referencesOf(organization, i) {
  return {
    projectId: String((organization - 1) * PROJECTS + 1 + (i % PROJECTS)),
    assigneeId: String((organization - 1) * MEMBERS + 1 + (i % MEMBERS)),
  };
}
