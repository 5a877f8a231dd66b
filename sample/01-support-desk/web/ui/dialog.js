import { h } from './dom.js';

/**
 * Opens a modal dialog. It goes when it is closed, and when the view that it belongs to is left.
 *
 * @param {{ title: string, signal: AbortSignal, kind?: string }} options `title` is the id of the heading in `content`
 * @param {...Node} content
 * @returns {HTMLDialogElement}
 */
export function openDialog({ title, signal, kind }, ...content) {
  const dialog = h('dialog', { 'aria-labelledby': title, class: kind }, ...content);
  const close = () => dialog.close();
  dialog.addEventListener('close', () => {
    signal.removeEventListener('abort', close);
    dialog.remove();
  });
  signal.addEventListener('abort', close);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
