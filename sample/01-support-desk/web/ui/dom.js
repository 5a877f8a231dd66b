/**
 * Creates an element. Text stays text: whatever a ticket contains, none of it becomes markup.
 *
 * @param {string} name
 * @param {Record<string, unknown>} properties attributes, `true` for one without a value; `onclick` and other names with `on` are listeners
 * @param {...(Node | string | number | null | undefined | false | unknown[])} children
 * @returns {HTMLElement}
 */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  const kept = children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);
  element.append(...kept.map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** A text that a user wrote: it runs in its own direction, whatever the page's is. @param {string} name of the element */
export function written(name, properties, ...children) {
  return h(name, { dir: 'auto', ...properties }, ...children);
}

/** @param {string} text what the button says @param {{ key?: string, kind?: string, label?: string }} [options] */
export function button(text, onclick, { key, kind, label } = {}) {
  return h('button', { type: 'button', class: kind, 'data-key': key, 'aria-label': label, onclick }, text);
}

/** @param {string} iso */
export function time(iso) {
  const date = new Date(iso);
  return h('time', { datetime: iso, title: FULL.format(date) }, SHORT.format(date));
}

const SHORT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

/** A drop-down list. @param {[value: string, text: string][]} choices */
export function select(properties, choices, chosen = '') {
  return h(
    'select',
    properties,
    choices.map(([value, text]) => h('option', { value, selected: value === String(chosen ?? '') }, text)),
  );
}

/** @param {string} text */
export function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `1 ticket`, `2 tickets` @param {number} count @param {string} noun */
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * Replaces the content of a part of the page. A user who used a control in it with the keyboard finds its successor, the one with the
 * same `data-key`, and at least the part itself.
 *
 * @param {HTMLElement} part
 */
export function replaceIn(part, ...children) {
  const { activeElement } = document;
  const hadFocus = part.contains(activeElement);
  part.replaceChildren(...children.filter((child) => child instanceof Node));
  if (!hadFocus) return;
  const { key } = activeElement.dataset;
  const successor = key && part.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!successor) part.tabIndex = -1;
  (successor || part).focus();
}
