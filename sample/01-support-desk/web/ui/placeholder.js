import { h } from './dom.js';

/** Rows that are on their way: grey bars of about their size. @param {number} rows */
export function placeholder(rows) {
  return h(
    'div',
    { class: 'placeholder' },
    h('p', { class: 'unseen' }, 'Loading'),
    Array.from({ length: rows }, () => h('span', { 'aria-hidden': 'true' })),
  );
}
