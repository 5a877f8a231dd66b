// @ts-check
import { referencesOf } from '../database/data-set.mjs';

/** @typedef {import('../database/data-set.mjs').DataSet} DataSet */

/**
 * Makes rows that requests are going to delete.
 *
 * @param {import('pg').Client} client
 * @param {DataSet} dataSet
 * @param {number} count
 * @returns {Promise<{ id: string, organization: number }[]>}
 */
export async function makeDoomedRows(client, { schema, tenants }, count) {
  const { projectId, assigneeId } = referencesOf(2, 0);
  const { rows } = await client.query(
    `INSERT INTO ${schema}.ticket (organization_id, project_id, assignee_id, subject, status, priority)
     SELECT 2 + n % ${tenants - 1}, $1, $2, 'To be deleted', 'open', 1 FROM generate_series(1, $3::int) n
     RETURNING id, organization_id AS organization`,
    [projectId, assigneeId, count],
  );
  return rows;
}

/** Removes what requests have created, so that each contestant finds the same rows. @param {import('pg').Client} client @param {DataSet} dataSet */
export async function removeNewRows(client, { schema, lastId }) {
  await client.query(`DELETE FROM ${schema}.ticket WHERE id > $1`, [lastId]);
}

/** Dead rows would make the next measurement slower. @param {import('pg').Client} client @param {DataSet} dataSet */
export async function vacuum(client, { schema }) {
  await client.query(`VACUUM ${schema}.ticket`);
}
