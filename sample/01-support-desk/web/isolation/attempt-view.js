import { button, h, replaceIn } from '../ui/dom.js';
import { isAbort } from '../net/request.js';
import { exchangeView } from './exchange-view.js';
import { tracedExchange } from './traced-exchange.js';

/**
 * One attempt with a button that makes it: a real request, and what came of it.
 *
 * @param {import('./attempts.js').Attempt} attempt
 * @param {{ own: import('./demo-users.js').DemoUser, other: import('./demo-users.js').DemoUser, root: import('./demo-users.js').DemoUser }} sides
 * @param {AbortSignal} signal
 * @returns {{ element: HTMLElement, run: () => Promise<boolean> }}
 */
export function attemptView(attempt, { own, other, root }, signal) {
  const actor = attempt.asRoot ? root : own;
  const result = h('div', { class: 'result' });
  const tryIt = button('Try it', () => void run(), { label: `Try it: ${attempt.title}`, kind: 'try' });
  const element = h(
    'li',
    { class: 'attempt' },
    h(
      'div',
      { class: 'attempt-head' },
      h('div', {}, h('h4', {}, attempt.title), h('p', { class: 'soft' }, attempt.text)),
      tryIt,
    ),
    result,
  );

  /** @returns whether what is promised holds */
  async function run() {
    if (tryIt.ariaBusy === 'true') return false;
    tryIt.ariaBusy = 'true';
    try {
      const traced = await tracedExchange(attempt.request(own, other), actor, signal);
      const holds = attempt.holds(traced.status, traced.body, own) && (await isAsControl(traced));
      if (holds && attempt.cleanUp) await tracedExchange(attempt.cleanUp(traced.body, own), actor, signal);
      replaceIn(result, verdict(holds), exchangeView(traced, actor));
      return holds;
    } catch (error) {
      if (isAbort(error)) return false;
      replaceIn(result, h('p', { class: 'problem', role: 'alert' }, error.message));
      return false;
    } finally {
      tryIt.ariaBusy = 'false';
    }
  }

  /** Whether the other request gets the same response, byte for byte. */
  async function isAsControl({ status, text }) {
    if (attempt.control === undefined) return true;
    const control = await tracedExchange(attempt.control(own, other), actor, signal);
    return control.status === status && control.text === text;
  }

  function verdict(holds) {
    return h(
      'p',
      { class: holds ? 'verdict held' : 'verdict broken', role: 'status' },
      h('b', {}, holds ? 'Held. ' : 'Not held! '),
      holds ? attempt.promise : 'This is not what the sample promises.',
    );
  }

  return { element, run };
}
