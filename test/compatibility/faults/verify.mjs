// @ts-check

/**
 * Compares what is stored with what was acknowledged.
 *
 * @param {import('pg').Client} client of the server itself
 * @param {import('./load.mjs').Load} load
 * @returns {Promise<{ lost: string[], torn: string[], crossed: number }>}
 */
export async function verify(client, load) {
  const { rows } = await client.query(
    `SELECT i.*, (SELECT count(*)::int FROM entry e WHERE e."itemId" = i.id) AS entries,
            (SELECT count(*)::int FROM entry e WHERE e."itemId" = i.id AND e."organizationId" <> i."organizationId") AS strange
     FROM item i WHERE i.code LIKE $1`,
    [`${load.run}-%`],
  );
  const stored = new Map(rows.map((row) => [`${row.organizationId} ${row.code}`, row]));
  /** @type {string[]} */
  const lost = [];
  /** @type {string[]} */
  const torn = [];
  for (const [key, item] of load.items) {
    const row = stored.get(key);
    if (item.state === 'there' && row === undefined) lost.push(`${key}: its creation`);
    if (item.state === 'gone' && row !== undefined) lost.push(`${key}: its deletion`);
    // An item whose change got no good response is there, with one of two values.
    if (item.id < 0 && row === undefined) lost.push(`${key}: its creation`);
    if (row === undefined) continue;
    const isKnown = item.state === 'there' || item.id < 0;
    if (isKnown && row.value !== item.value && row.value !== item.perhaps) lost.push(`${key}: its value ${item.value}`);
    if (row.touched < item.touched) lost.push(`${key}: ${item.touched - row.touched} of ${item.touched} changes`);
    if (row.entries !== (item.isLedgered ? 1 : 0)) torn.push(`${key}: ${row.entries} entries`);
  }
  const crossed = rows.filter(
    ({ owner, organizationId, strange }) => owner !== `tenant ${organizationId}` || strange > 0,
  ).length;
  return { lost, torn, crossed: crossed + load.crossed };
}
