import { isAbort } from '../net/request.js';
import { messages } from '../ui/messages.js';

/** What was done to a row that is not as it was shown. */
const STALE = [404, 409, 412];

/** What a view works with: the desk of one session, for as long as the view is shown. */
export class ViewContext {
  /**
   * @param {import('./desk.js').Desk} desk
   * @param {AbortSignal} signal aborted when the view is left
   */
  constructor(desk, signal) {
    this.desk = desk;
    this.signal = signal;
    /** Reads again what the view shows. Set by the view's creator. @type {() => Promise<void>} */
    this.load = () => Promise.resolve();
  }

  /** @param {string} path @param {AbortSignal} [signal] of a request that a later one replaces */
  read(path, signal = this.signal) {
    return this.desk.api.read(path, signal === this.signal ? signal : AbortSignal.any([signal, this.signal]));
  }

  /** As `Api.write`. @returns what the API says; a view that has been left meanwhile must not show it */
  write(method, path, options) {
    return this.desk.api.write(method, path, options);
  }

  /**
   * Does what a button asks for, once at a time. What fails is told even if the view has been left: the user believes it to be done.
   *
   * @param {HTMLElement} control the button
   * @param {() => Promise<void>} work a write comes first in it, since another attempt starts from the beginning
   */
  async run(control, work) {
    if (control.ariaBusy === 'true') return;
    control.ariaBusy = 'true';
    try {
      await work();
    } catch (error) {
      if (isAbort(error)) return;
      const what = control.getAttribute('aria-label') ?? control.textContent;
      messages.alarm(`${what}: ${error.message}`, error.isOutage ? () => void this.run(control, work) : undefined);
      if (STALE.includes(error.status) && !this.signal.aborted) await this.refresh(this.load);
    } finally {
      control.ariaBusy = 'false';
    }
  }

  /**
   * Reads again what the view shows, after something has changed. It does not fail: the change itself is stored.
   *
   * @param {() => Promise<void>} load
   */
  async refresh(load = this.load) {
    try {
      this.signal.throwIfAborted();
      await load();
    } catch (error) {
      if (isAbort(error)) return;
      messages.alarm(`The page is not up to date: ${error.message}`, () => void this.refresh(load));
    }
  }

  /** Tells what has been done. */
  announce(text) {
    if (!this.desk.session.signal.aborted) messages.announce(text);
  }
}
