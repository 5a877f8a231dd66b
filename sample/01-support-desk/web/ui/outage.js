import { button, h } from './dom.js';

/**
 * Says that something could not be loaded, and offers another attempt.
 *
 * @param {Error} error
 * @param {() => void} retry
 */
export function outage(error, retry) {
  return h(
    'div',
    { class: 'outage', role: 'alert' },
    h('p', {}, error.message),
    button('Try again', retry, { key: 'retry' }),
  );
}
