const status = document.querySelector('#status');
const alert = document.querySelector('#alert');
const SHOWN_FOR = 6000;

let timer;

/** What the page says about what has just been done: seen in a corner, and read out. */
export const messages = {
  announce(text) {
    say(status, text);
  },
  alarm(text) {
    say(alert, text);
  },
  clear() {
    clearTimeout(timer);
    status.textContent = '';
    alert.textContent = '';
  },
};

function say(place, text) {
  messages.clear();
  place.textContent = text;
  timer = setTimeout(messages.clear, SHOWN_FOR);
}
