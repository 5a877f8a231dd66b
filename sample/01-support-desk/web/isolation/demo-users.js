import { ask } from '../net/request.js';
import { tokenFor } from '../net/session.js';

/** The password of everyone in the demo data. */
const PASSWORD = 'demo';

/**
 * One of the demo data's users, signed in for this view alone, and what the other side would try to reach.
 *
 * @typedef {object} DemoUser
 * @property {string} name
 * @property {string} token
 * @property {string} email
 * @property {{ id: number, name: string } | null} organization
 * @property {number} [userId]
 * @property {number} [ticketId] one of the organization's tickets
 * @property {{ id: number, name: string }} [tag] one that only this organization has
 */

/**
 * Signs in one administrator of each organization and the platform's account.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<{ ada: DemoUser, grace: DemoUser, root: DemoUser }>}
 */
export async function demoUsers(signal) {
  const [ada, grace, root] = await Promise.all([
    member('ada@acme.example', 'anvils', signal),
    member('grace@globex.example', 'reactors', signal),
    signedIn('root@platform.example', signal),
  ]);
  return { ada, grace, root };
}

async function signedIn(email, signal) {
  const token = await tokenFor(ask, email, PASSWORD, signal);
  const { data } = await ask({ method: 'GET', path: 'auth/me', token, signal });
  const { user, organization } = data;
  return { name: user?.name ?? 'The platform’s administrator', email, token, organization, userId: user?.id };
}

async function member(email, tagName, signal) {
  const user = await signedIn(email, signal);
  const read = async (path) => (await ask({ method: 'GET', path, token: user.token, signal })).data.items;
  const [tickets, tags] = await Promise.all([
    read('support-tickets?sort=orderNumber&limit=1'),
    read(`tags?name=${tagName}`),
  ]);
  return { ...user, ticketId: tickets[0]?.id, tag: tags[0] };
}
