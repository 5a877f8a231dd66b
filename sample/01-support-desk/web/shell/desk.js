import { readAll } from '../net/read-all.js';

/**
 * What every view of a session knows.
 *
 * @typedef {object} Desk
 * @property {import('../net/session.js').Session} session
 * @property {import('../net/api.js').Api} api
 * @property {{ email: string, platformAdmin: boolean, user: { id: number, name: string, role: string } | null, organization: { id: number, name: string } | null }} me
 * @property {object[]} users everybody of the organization
 * @property {object[]} tags
 */

/**
 * Reads it. The platform's account belongs to no organization: for it there are neither users nor tags.
 *
 * @param {import('../net/session.js').Session} session
 * @param {import('../net/api.js').Api} api
 * @returns {Promise<Desk>}
 */
export async function openDesk(session, api) {
  const { signal } = session;
  const [{ data: me }, users, tags] = await Promise.all([
    api.read('auth/me', signal),
    noneIfForbidden(readAll(api, 'users', { sort: 'name' }, signal)),
    noneIfForbidden(readAll(api, 'tags', { sort: 'name' }, signal)),
  ]);
  return { session, api, me, users, tags };
}

async function noneIfForbidden(rows) {
  try {
    return await rows;
  } catch (error) {
    if (error.status === 403) return [];
    throw error;
  }
}
