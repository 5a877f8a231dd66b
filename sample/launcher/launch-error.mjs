/** A problem that the user of the sample can solve. Its message is one line that says how; no stack is shown. */
export class LaunchError extends Error {
  /**
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(message, options) {
    super(message, options);
    this.name = 'LaunchError';
  }
}
