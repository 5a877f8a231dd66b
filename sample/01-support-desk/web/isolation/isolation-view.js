import { h } from '../ui/dom.js';

export function isolationView() {
  const heading = h('h1', { tabindex: -1 }, 'Isolation');
  return { element: h('div', {}, heading), heading, load: async () => undefined };
}
