// @ts-check
// Runs the isolation test of the sample, which prints its table, on a PostgreSQL of its own. The sample has to be built.
// `npm run test:isolation`.
import { spawn } from 'node:child_process';
import { startEmbeddedPostgres } from '../../support/embedded-postgres.mjs';

const TEST = 'sample/01-support-desk/test/tenant-isolation.test.mjs';

const server = await startEmbeddedPostgres();
try {
  process.exitCode = await new Promise((resolve, reject) => {
    const env = { ...process.env, DATABASE_URL: server.url };
    const child = spawn(process.execPath, ['--test-reporter=spec', TEST], { env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
} finally {
  await server.stop();
}
