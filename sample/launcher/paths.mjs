import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');

/** The sample that is run. */
export const SAMPLE = fileURLToPath(new URL('../01-support-desk', import.meta.url));

/** What the sample keeps between runs. Git ignores it; delete it to begin anew. */
export const DATA = fileURLToPath(new URL('../../.data/support-desk', import.meta.url));
