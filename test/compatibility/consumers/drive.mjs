// @ts-check
import assert from 'node:assert/strict';

/**
 * What every consumer is asked over HTTP, whatever it is built with: two organizations, the same requests.
 *
 * @typedef {(path: string, init?: { method?: string, body?: unknown, type?: string }) => Promise<Answer>} Client
 * @typedef {{ status: number, headers: Headers, body: any }} Answer
 */

/**
 * @param {string} url
 * @param {string} token
 * @returns {Client}
 */
function client(url, token) {
  return async (path, { method = 'GET', body, type = 'application/json' } = {}) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
}

/**
 * Tries the application at `url`.
 *
 * @param {string} url
 * @returns {Promise<{ name: string, error?: string }[]>} each thing that was tried, with what went wrong
 */
export async function drive(url) {
  const acme = client(url, 'acme');
  const globex = client(url, 'globex');
  /** @type {{ name: string, error?: string }[]} */
  const results = [];
  /** @param {string} name @param {() => Promise<void>} attempt */
  const attempt = async (name, attempt) => {
    try {
      await attempt();
      results.push({ name });
    } catch (error) {
      results.push({ name, error: error instanceof Error ? error.message : String(error) });
    }
  };
  /** @type {any} */
  let ada;
  /** @type {any} */
  let grace;

  await attempt('create', async () => {
    const body = { displayName: 'Ada', email: 'ada@acme.example', address: { city: 'Berlin', country: 'DE' } };
    const made = await acme('customers', { method: 'POST', body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.headers.get('location'), `/customers/${made.body.id}`);
    assert.equal(made.body.organizationId, 1);
    ada = made.body;
    const other = await globex('customers', {
      method: 'POST',
      body: { displayName: 'Grace', email: 'ada@acme.example', organizationId: 1 },
    });
    assert.equal(other.status, 201, JSON.stringify(other.body));
    assert.equal(other.body.organizationId, 2);
    grace = other.body;
  });

  await attempt('list', async () => {
    const { status, body } = await acme('customers');
    assert.equal(status, 200);
    assert.deepEqual(body.items, [ada]);
    assert.equal(body.total, 1);
  });

  await attempt('filter, sort', async () => {
    const found = await acme('customers?address.city=Berlin&sort=-createdAt&createdAt__lte=2999-01-01');
    assert.deepEqual(found.body.items, [ada]);
    assert.equal((await acme('customers?address.city=Paris')).body.total, 0);
    assert.equal((await acme('customers?nothing=1')).status, 400);
  });

  await attempt('hidden column', async () => {
    assert.equal('passwordHash' in ada, false);
    assert.equal((await acme('customers?passwordHash=z')).status, 400);
    // A column that the server owns has no effect in a body.
    const sent = await acme(`customers/${ada.id}`, { method: 'PATCH', body: { passwordHash: 'x' } });
    assert.equal(sent.status, 200);
    assert.equal((await acme('report')).body.passwords, 0);
  });

  await attempt('partial embedded', async () => {
    const changed = await acme(`customers/${ada.id}`, { method: 'PATCH', body: { address: { country: 'US' } } });
    assert.deepEqual([changed.status, changed.body.address], [200, { city: 'Berlin', country: 'US' }]);
    ada = changed.body;
  });

  await attempt('put of a get', async () => {
    const body = (await acme(`customers/${ada.id}`)).body;
    const put = await acme(`customers/${ada.id}`, { method: 'PUT', body });
    assert.deepEqual([put.status, put.body], [200, body]);
  });

  await attempt('validation', async () => {
    const bad = await acme('customers', { method: 'POST', body: { displayName: '', email: 'nobody' } });
    assert.equal(bad.status, 400);
    assert.match(JSON.stringify(bad.body), /email/);
    assert.equal(
      (await acme('customers', { method: 'POST', body: { displayName: 'x', email: 'x@x.example', surprise: 1 } }))
        .status,
      400,
    );
  });

  await attempt('conflict names its field', async () => {
    const twice = await acme('customers', { method: 'POST', body: { displayName: 'Ada', email: 'ada@acme.example' } });
    assert.equal(twice.status, 409);
    assert.match(JSON.stringify(twice.body.message), /email/);
    assert.doesNotMatch(JSON.stringify(twice.body), /organization|crm_|ada@acme/);
  });

  await attempt('reference', async () => {
    const foreign = await acme('tickets', { method: 'POST', body: { subject: 'Late', openedBy: grace.id } });
    const missing = await acme('tickets', { method: 'POST', body: { subject: 'Late', openedBy: 987654 } });
    assert.deepEqual([foreign.status, foreign.body], [400, missing.body]);
    const own = await acme('tickets', { method: 'POST', body: { subject: 'Late', openedBy: ada.id } });
    assert.equal(own.status, 201, JSON.stringify(own.body));
    const listed = await acme('tickets?include=openedBy&openedBy.displayName=Ada');
    assert.equal(listed.body.items[0]?.openedBy?.email, 'ada@acme.example');
  });

  await attempt('links', async () => {
    const ticket = (await acme('tickets')).body.items[0];
    const tag = (await acme('tags', { method: 'POST', body: { name: 'urgent' } })).body;
    const foreign = (await globex('tags', { method: 'POST', body: { name: 'urgent' } })).body;
    assert.equal((await acme('tags', { method: 'POST', body: { name: 'urgent' } })).status, 409);
    assert.equal((await acme(`tickets/${ticket.id}/tags/${tag.id}`, { method: 'PUT' })).status, 204);
    assert.equal((await acme(`tickets/${ticket.id}/tags/${foreign.id}`, { method: 'PUT' })).status, 404);
    assert.deepEqual((await acme(`tickets/${ticket.id}?include=tags`)).body.tags, [tag]);
  });

  await attempt('another organization', async () => {
    for (const [method, body] of /** @type {const} */ ([['GET'], ['PATCH', {}], ['PUT', grace], ['DELETE']])) {
      const foreign = await acme(`customers/${grace.id}`, { method, body });
      const missing = await acme('customers/987654', { method, body });
      assert.deepEqual([foreign.status, foreign.body], [404, missing.body], method);
    }
    assert.deepEqual((await globex(`customers/${grace.id}`)).body, grace);
    assert.equal((await client(url, 'nobody')('customers')).status, 403);
  });

  await attempt('code that forgets the tenant', async () => {
    assert.deepEqual((await acme('report')).body, { count: 1, names: ['Ada'], passwords: 0 });
    assert.deepEqual((await globex('report')).body, { count: 1, names: ['Grace'], passwords: 0 });
  });

  await attempt('forms', async () => {
    const form = await acme('tags', { method: 'POST', body: 'name=x', type: 'application/x-www-form-urlencoded' });
    assert.equal(form.status, 415);
  });

  await attempt('delete', async () => {
    assert.equal((await acme(`customers/${ada.id}`, { method: 'DELETE' })).status, 204);
    assert.equal((await acme(`customers/${ada.id}`)).status, 404);
    assert.equal((await acme('tickets')).body.total, 0);
    assert.equal((await globex('customers')).body.total, 1);
  });

  return results;
}
