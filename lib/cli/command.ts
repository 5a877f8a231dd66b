/** Where a command writes its result, and its problems. */
export interface CliOutput {
  /** Writes a line of the result. */
  log(line: string): void;
  /** Writes a line about a problem. */
  error(line: string): void;
}

/** A command of `npx nestjs-muck`. */
export interface Command {
  /** Words that call it, e.g. `rls check`. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** Its options, one line each. */
  readonly usage: readonly string[];
  /**
   * Runs the command.
   *
   * @param args arguments after its name
   * @returns the exit code: 0, or 1 if it has found a problem
   * @throws UsageError if the arguments do not fit
   */
  run(args: readonly string[], output: CliOutput): Promise<number>;
}

/** Error of a caller that has given wrong arguments. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
