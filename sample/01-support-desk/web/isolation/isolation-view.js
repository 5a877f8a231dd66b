import { button, h, replaceIn } from '../ui/dom.js';
import { placeholder } from '../ui/placeholder.js';
import { attemptView } from './attempt-view.js';
import { ATTEMPTS } from './attempts.js';
import { demoUsers } from './demo-users.js';
import { sideBySide } from './side-by-side.js';

/**
 * Isolation to look at: both organizations side by side, and everything that one of them may try to get at the other's rows. It signs in
 * as both by itself, apart from the session of the desk.
 *
 * @param {AbortSignal} signal aborted when the view is left
 * @returns {import('../shell/app.js').View}
 */
export function isolationView(signal) {
  const heading = h('h1', { tabindex: -1 }, 'Isolation');
  const body = h('div', {}, placeholder(8));
  const element = h(
    'div',
    { class: 'isolation' },
    h('div', { class: 'title' }, heading),
    h(
      'p',
      { class: 'lead-in' },
      'Acme and Globex keep their rows in the same tables. Each request here is sent as you look; beside each response is the SQL that the database was sent for it. ',
      h('mark', {}, 'Marked'),
      ' is what the library has added.',
    ),
    body,
  );

  async function load() {
    const { ada, grace, root } = await demoUsers(signal);
    const twins = sideBySide([ada, grace], signal);
    replaceIn(body, twins.element, crossing({ ada, grace, root }));
    await twins.load();
  }

  function crossing({ ada, grace, root }) {
    const list = h('div', {});
    const directions = [
      [ada, grace],
      [grace, ada],
    ];
    const choose = ([own, other]) => replaceIn(list, ...groupsOf({ own, other, root }));
    choose(directions[0]);
    return h(
      'section',
      { 'aria-labelledby': 'crossing' },
      h('h2', { id: 'crossing' }, 'Try to cross'),
      h(
        'fieldset',
        { class: 'directions' },
        h('legend', {}, 'Who tries?'),
        directions.map((direction, index) => directionChoice(direction, index === 0, () => choose(direction))),
      ),
      list,
    );
  }

  function groupsOf(sides) {
    const all = [];
    const groups = ATTEMPTS.map(([title, text, attempts]) => {
      const views = attempts.map((attempt) => attemptView(attempt, sides, signal));
      all.push(...views);
      return h(
        'section',
        { class: 'group', 'aria-label': title },
        h('h3', {}, title),
        h('p', { class: 'soft' }, text),
        h(
          'ul',
          { class: 'attempts' },
          views.map(({ element: item }) => item),
        ),
      );
    });
    return [tryAll(all), ...groups];
  }

  function tryAll(views) {
    const summary = h('p', { role: 'status', class: 'soft' });
    const start = button(
      'Try all of it',
      async () => {
        if (start.ariaBusy === 'true') return;
        start.ariaBusy = 'true';
        let held = 0;
        for (const view of views) if (await view.run()) held += 1;
        start.ariaBusy = 'false';
        summary.textContent = `${held} of ${views.length} attempts ended as promised.`;
      },
      { kind: 'primary' },
    );
    return h('div', { class: 'try-all' }, start, summary);
  }

  return { element, heading, load };
}

function directionChoice([own, other], isFirst, choose) {
  const id = `direction-${own.organization.id}`;
  const input = h('input', { type: 'radio', name: 'direction', id, checked: isFirst, onchange: choose });
  const text = `${own.name} of ${own.organization.name}, to reach ${other.organization.name}`;
  return h('div', { class: 'choice' }, input, h('label', { for: id }, text));
}
