import { fieldMessages } from '/assets/client/index.js';
import { h } from './dom.js';
import { messages } from './messages.js';
import { isAbort } from '../net/request.js';

/**
 * A control with its label, and room for its problems.
 *
 * @param {string} label
 * @param {HTMLElement} control with an id and a name
 */
export function field(label, control, { hint } = {}) {
  const problem = h('p', { class: 'problem', id: `${control.id}-problem`, hidden: true });
  const described = [hint && `${control.id}-hint`, problem.id].filter(Boolean).join(' ');
  control.setAttribute('aria-describedby', described);
  return h(
    'div',
    { class: 'field' },
    h('label', { for: control.id }, label),
    hint && h('p', { class: 'hint', id: `${control.id}-hint` }, hint),
    control,
    problem,
  );
}

/** Room for the problems of a form as a whole, and for another attempt. */
export function formProblem() {
  return h('div', { class: 'problem', role: 'alert', hidden: true, 'data-form-problem': true });
}

/**
 * Sends a form without leaving the page; the API's problems with it are shown at the fields that they name. Whatever goes wrong, the form
 * keeps what has been typed.
 *
 * @param {HTMLFormElement} form
 * @param {(signal: AbortSignal) => Promise<void>} send
 * @param {{ restarts?: boolean }} [options] `restarts`: a second press ends the first attempt; otherwise it is ignored while the first is
 *   under way, since it would write twice
 */
export function onSubmit(form, send, { restarts = false } = {}) {
  let running;
  form.noValidate = true;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (running !== undefined && !restarts) return;
    running?.abort();
    const attempt = (running = new AbortController());
    form.ariaBusy = 'true';
    clearProblems(form);
    // What was said before is not about this attempt.
    messages.clear();
    try {
      await send(attempt.signal);
    } catch (error) {
      if (running === attempt && !isAbort(error)) showProblems(form, error);
    } finally {
      if (running === attempt) {
        running = undefined;
        form.ariaBusy = 'false';
      }
    }
  });
}

function clearProblems(form) {
  for (const problem of form.querySelectorAll('.problem')) {
    problem.hidden = true;
    problem.replaceChildren();
  }
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

function showProblems(form, error) {
  const controls = [...form.querySelectorAll('[name]')];
  const { fields, others } = fieldMessages(
    error.problem ?? UNKNOWN,
    controls.map(({ name }) => name),
  );
  for (const control of controls) {
    for (const message of fields[control.name] ?? []) showAt(control, message);
  }
  for (const message of others) say(form.querySelector('[data-form-problem]'), message);
  if (error.isOutage) offerRetry(form.querySelector('[data-form-problem]'));
  form.querySelector('[aria-invalid]')?.focus();
}

const UNKNOWN = { errors: [], message: 'That did not work. Please try again.' };

/** The form has words of its own for what the API calls by its property. */
function showAt(control, message) {
  const label = control.form.querySelector(`label[for="${CSS.escape(control.id)}"]`).textContent;
  control.setAttribute('aria-invalid', 'true');
  say(control.form.querySelector(`#${CSS.escape(control.id)}-problem`), message.replace(control.name, label));
}

function offerRetry(place) {
  say(place, 'What you have typed is still here.');
  place.append(h('button', { type: 'submit' }, 'Try again'));
}

function say(place, text) {
  place.hidden = false;
  if ([...place.children].every((line) => line.textContent !== text)) place.append(h('span', {}, text));
}
