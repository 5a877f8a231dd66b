/**
 * Runs the support desk: `npm start`. From a fresh checkout it builds what is not built, starts a PostgreSQL of its own, makes
 * the tables, fills them and serves. PORT, HOST, ADAPTER, DATABASE_URL, DATA_FOLDER
 * and JWT_SECRET change what and where.
 */
import { existsSync } from 'node:fs';

if (existsSync(new URL('../node_modules/@nestjs/cli', import.meta.url))) {
  const { launch } = await import('./launcher/launch.mjs');
  await launch(process.env);
} else {
  console.error('The dependencies are not installed. Run "npm ci" first.');
  process.exitCode = 1;
}
