// @ts-check

/**
 * Mutants that change neither what SQL is sent nor whether it is refused. Each by the source lines it changes, before and after, on one line.
 *
 * @type {readonly { file: string, from: string, to: string, why: string, times?: number }[]}
 */
export const EQUIVALENT = [];
