/** Says in the summary which databases the tests ran on, and which optional ones they did not. */
export default class DatabasesReporter {
  onRunComplete() {
    const { found, missing } = JSON.parse(process.env.TEST_SERVERS ?? '{"found":{},"missing":{}}');
    const names = Object.entries(found).map(([kind, { name }]) => `${kind} = ${name}`);
    process.stderr.write(`\nDatabases: ${names.join(', ')}\n`);
    for (const [kind, reason] of Object.entries(missing)) process.stderr.write(`  not run: ${kind} (${reason})\n`);
  }
}
