import { h } from './dom.js';

/**
 * A control with its label, and room for what is wrong with it.
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

/** Room for what is wrong with a form as a whole. */
export function formProblem() {
  return h('p', { class: 'problem', role: 'alert', hidden: true, 'data-form-problem': true });
}

/**
 * Sends a form without leaving the page; what the API has against it is shown at the fields that it names.
 *
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} send
 */
export function onSubmit(form, send) {
  form.noValidate = true;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    // A second press while the first is under way would write twice.
    if (form.ariaBusy === 'true') return;
    form.ariaBusy = 'true';
    clearProblems(form);
    try {
      await send();
    } catch (error) {
      showProblems(form, error);
    } finally {
      form.ariaBusy = 'false';
    }
  });
}

function clearProblems(form) {
  for (const problem of form.querySelectorAll('.problem')) {
    problem.hidden = true;
    problem.textContent = '';
  }
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

function showProblems(form, { problems = [{ detail: 'That did not work. Please try again.' }] }) {
  for (const { field: name, detail } of problems) {
    const control = name && form.querySelector(`[name="${CSS.escape(name)}"]`);
    if (control) {
      control.setAttribute('aria-invalid', 'true');
      // The form has words of its own for what the API calls by its property.
      const label = form.querySelector(`label[for="${CSS.escape(control.id)}"]`).textContent;
      say(form.querySelector(`#${CSS.escape(control.id)}-problem`), detail.replace(name, label));
    } else {
      say(form.querySelector('[data-form-problem]'), detail);
    }
  }
  form.querySelector('[aria-invalid]')?.focus();
}

function say(place, text) {
  place.hidden = false;
  if ([...place.children].every((line) => line.textContent !== text)) place.append(h('span', {}, text));
}
