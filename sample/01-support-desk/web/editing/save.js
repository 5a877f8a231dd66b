import { chooseVersion } from './conflict-dialog.js';

/**
 * Changes a row as a user has seen it. If it has another version by now, or is there already, the user sees the stored one and decides;
 * unless the other change is to something that is not compared, or the same as the user's.
 *
 * @param {import('../shell/view-context.js').ViewContext} context
 * @param {object} change
 * @param {string} change.what the row, e.g. `ticket 1001`
 * @param {string | null} change.version the ETag of the row that the user saw; null: there was none
 * @param {(version: string | null) => Promise<unknown>} change.write
 * @param {() => Promise<{ data: any, version: string | null }>} change.read the row as it is stored now
 * @param {{ label: string, stored: (row: any) => string, seen: string, mine?: string }[]} change.fields what is compared: as it is stored now,
 *   as the user saw it, and as the user has it, left out where the user has changed nothing
 * @param {boolean} [change.removes] whether the row is deleted rather than changed
 * @param {{ keep?: string, save?: string, mine?: string }} [change.words] what the buttons say, and what the user's own version is called
 * @returns {Promise<boolean>} whether it was written; false if the user keeps the stored version
 * @throws {DOMException} AbortError, if the user decides for neither
 */
export async function save(context, { what, version, write, read, fields, removes = false, words = {} }) {
  const said = { keep: 'Keep the stored version', save: 'Save mine', mine: 'Yours', ...words };
  for (let seen = version; ;) {
    try {
      await write(seen);
      return true;
    } catch (error) {
      if (error.status !== 412 && !(error.status === 409 && seen === null)) throw error;
    }
    const stored = await read();
    const compared = fields.map((field) => withStored(field, field.stored(stored.data)));
    seen = stored.version;
    if (compared.every((field) => field.stored === field.seen)) continue;
    if (!removes && compared.every((field) => field.stored === field.mine)) return true;
    const choice = await chooseVersion({ what, fields: compared, words: said, signal: context.signal });
    if (choice === undefined) throw new DOMException('Neither version was chosen.', 'AbortError');
    if (choice === 'stored') return false;
  }
}

/** What the user has not changed stays as it is stored. */
function withStored({ label, seen, mine }, stored) {
  return { label, seen, stored, mine: mine ?? stored };
}
