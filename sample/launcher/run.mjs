/**
 * One run of the sample, from the first step to the last thing that is closed.
 *
 * A signal does not cut a step short where that would leave something half done: it is noted, a step that can be stopped is, no
 * further one starts, and all that was opened is closed in reverse order.
 */
export class Run {
  #stop = new AbortController();
  /** @type {{ what: string, close: () => Promise<unknown> | unknown }[]} */
  #open = [];
  /** @type {Promise<void> | undefined} */
  #closing;

  /** Why the run ends, unless it was told to. @type {unknown} */
  failure;

  /** Aborted as soon as the run has to end. */
  get signal() {
    return this.#stop.signal;
  }

  /**
   * Runs `fn` unless the run is to end.
   *
   * @template R
   * @param {() => R | Promise<R>} fn
   * @returns {Promise<R>}
   */
  async step(fn) {
    this.signal.throwIfAborted();
    const result = await fn();
    this.signal.throwIfAborted();
    return result;
  }

  /**
   * Has `close` called when the run ends.
   *
   * @param {string} what for the message, should it fail
   * @param {() => Promise<unknown> | unknown} close
   */
  closeAtEnd(what, close) {
    this.#open.push({ what, close });
  }

  /** Has the run end at its next step. */
  stop() {
    this.#stop.abort();
  }

  /** Ends the run because something that it needs is gone. @param {unknown} error */
  fail(error) {
    if (this.signal.aborted) return;
    this.failure = error;
    this.stop();
  }

  /** Closes everything that was opened, the last first. Calling it again waits for the first call. */
  end() {
    this.stop();
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll() {
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) {
      try {
        await last.close();
      } catch (error) {
        console.error(`Could not close ${last.what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
