/** Says in the summary which databases the tests ran on, and which optional ones they did not. */
export default class DatabasesReporter {
  onRunComplete() {
    // Unit tests alone have none.
    if (process.env.TEST_SERVERS === undefined) return;
    const { found, missing } = JSON.parse(process.env.TEST_SERVERS);
    const names = Object.entries(found).map(([kind, { name }]) => `${kind} = ${name}`);
    process.stderr.write(`\nDatabases: ${names.join(', ')}\n`);
    for (const [kind, reason] of Object.entries(missing)) process.stderr.write(`  not run: ${kind} (${reason})\n`);
  }
}
