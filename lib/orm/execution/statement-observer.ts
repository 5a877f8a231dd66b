/** The observation of one statement. */
export interface StatementObservation {
  /** Called once the statement has a connection and is sent. */
  connected(): void;
  /** Called when the database has responded; `error` is undefined if it succeeded. */
  end(error: unknown): void;
}

/** Observes the statements of a DataSource. A DataSource without one is not slowed down. */
export interface StatementObserver {
  /** Begins an observation before a connection is acquired; undefined if nothing is recorded now. */
  begin(text: string): StatementObservation | undefined;
  /** Called for each list or read with whether its compiled statement was cached. */
  planned(isCached: boolean): void;
  /** Called with the error of a statement that was not sent. */
  refused(error: unknown): void;
}
