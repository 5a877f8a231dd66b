import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { databasesToTest } from '../../support/databases.js';

/*
 * A few minutes of what `npm run test:worlds` does for as long as one likes: generated models of entities, what clients and code do
 * with them, and two databases that differ in the rows of others only.
 */

/** How much is done with each kind of database that a run knows. */
const AMOUNTS = {
  sqljs: { models: 16, requests: 800 },
  postgres: { models: 8, requests: 400 },
  mariadb: { models: 8, requests: 400 },
} as const;

const kinds = databasesToTest().filter((kind) => kind !== 'postgres15');

describe.each(kinds)(
  'G-08 answers to a tenant do not depend on the rows of others, over generated models on %s',
  (kind) => {
    const { models, requests } = AMOUNTS[kind];

    it.each(['1', 'fresh'])(
      'from the seed %s',
      async (seed) => {
        const { code, output } = await run([
          `--database=${kind}`,
          `--models=${models}`,
          `--requests=${requests}`,
          `--seed=${seed}`,
        ]);
        process.stdout.write(output);
        expect(`${code}${code === 0 ? '' : `: ${output}`}`).toBe('0');
      },
      900_000,
    );
  },
);

function run(args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'run.mjs'), ...args]);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
