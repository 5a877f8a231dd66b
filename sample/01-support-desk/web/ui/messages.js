import { h } from './dom.js';

const status = document.querySelector('#status');
const alert = document.querySelector('#alert');
const actions = document.querySelector('#said .actions');
const SHOWN_FOR = 6000;

let timer;

/** What the page says about what has just been done: seen in a corner, and read out. */
export const messages = {
  announce(text) {
    say(status, text);
    timer = setTimeout(messages.clear, SHOWN_FOR);
  },
  /** @param {string} text @param {() => void} [retry] offered until it is taken up or dismissed */
  alarm(text, retry) {
    say(alert, text);
    if (retry === undefined) timer = setTimeout(messages.clear, SHOWN_FOR);
    else
      actions.append(
        action('Try again', retry),
        action('Dismiss', () => undefined),
      );
  },
  clear() {
    clearTimeout(timer);
    status.textContent = '';
    alert.textContent = '';
    actions.replaceChildren();
  },
};

function say(place, text) {
  messages.clear();
  place.textContent = text;
}

function action(text, run) {
  return h('button', { type: 'button', onclick: () => (messages.clear(), run()) }, text);
}
