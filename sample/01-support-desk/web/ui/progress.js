const bar = document.querySelector('#progress');

let pending = 0;

/**
 * Shows that the page waits for the server, as long as anything is under way.
 *
 * @template R
 * @param {Promise<R>} work
 * @returns {Promise<R>}
 */
export async function showProgress(work) {
  pending += 1;
  bar.hidden = false;
  try {
    return await work;
  } finally {
    pending -= 1;
    bar.hidden = pending === 0;
  }
}
