import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');

/** The sample that is run. */
export const SAMPLE = fileURLToPath(new URL('../01-support-desk', import.meta.url));

/** What the sample keeps between runs. Git ignores it; delete it to begin anew. */
export const DATA = process.env.DATA_FOLDER
  ? resolve(process.env.DATA_FOLDER)
  : fileURLToPath(new URL('../../.data/support-desk', import.meta.url));
