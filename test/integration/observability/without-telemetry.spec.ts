import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

it('an application without @opentelemetry/api starts', async () => {
  const script = fileURLToPath(new URL('without-telemetry/start.mjs', import.meta.url));
  expect((await run(process.execPath, [script])).stdout).toBe('started\n');
}, 120_000);
