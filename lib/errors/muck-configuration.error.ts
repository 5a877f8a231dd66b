/**
 * Error of an application that is not safe to start. The message lists every problem with its place and the line to
 * type.
 *
 * @example
 * await expect(app.init()).rejects.toBeInstanceOf(MuckConfigurationError);
 */
export class MuckConfigurationError extends Error {
  override readonly name = 'MuckConfigurationError';

  /** @param problems one text per problem */
  constructor(readonly problems: readonly string[]) {
    super(
      problems.length === 1
        ? `nestjs-muck cannot start: ${problems[0] ?? ''}`
        : `nestjs-muck cannot start, ${problems.length} problems:\n${problems.map((p) => `  - ${p.replaceAll('\n', '\n    ')}`).join('\n')}`,
    );
  }
}
