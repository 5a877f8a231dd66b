import { explain } from './explain.mjs';
import { LaunchError } from './launch-error.mjs';
import { Run } from './run.mjs';
import { serve } from './serve.mjs';
import { readSettings } from './settings.mjs';
import { printWelcome } from './welcome.mjs';

/** What a shell reports for a process that a signal has ended: 128 and the signal's number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Longer than any step takes to be finished; after it the process ends whatever hangs. */
const SHUTDOWN_LIMIT_MS = 15_000;

/**
 * Runs the sample until a signal ends it, or something that goes wrong.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export async function launch(env) {
  const run = new Run();
  const started = Date.now();
  let exitCode = 0;
  /** @type {import('./settings.mjs').Settings | undefined} */
  let settings;

  for (const [signal, code] of Object.entries(EXIT_CODES)) {
    process.on(signal, () => {
      exitCode = code;
      run.stop();
    });
  }
  // A fault in the background must not leave a database running either.
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error) => run.fail(error));
  }

  try {
    settings = readSettings(env);
    console.log('Starting the support desk');
    const url = await serve(run, settings, (line) => console.log(`  ${line}`));
    printWelcome(url, { milliseconds: Date.now() - started, ownDatabase: settings.databaseUrl === undefined });
    await aborted(run.signal);
    if (run.failure === undefined) console.log('\nStopping');
  } catch (error) {
    run.fail(error);
  }
  if (run.failure !== undefined) {
    exitCode = 1;
    tell(explain(run.failure, settings));
  }
  setTimeout(() => process.exit(exitCode || 1), SHUTDOWN_LIMIT_MS).unref();
  await run.end();
  process.exit(exitCode);
}

/** One line for what the user can solve; all that is known of a fault of the sample. @param {unknown} error */
function tell(error) {
  console.error(error instanceof LaunchError ? `\n${error.message}` : error);
}

/** @param {AbortSignal} signal */
function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
