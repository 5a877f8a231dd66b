/**
 * The application is not safe to start as it stands. The message lists every problem with where it is and the line to type.
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
