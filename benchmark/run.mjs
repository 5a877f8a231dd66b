// @ts-check
// Measures this library against plain controllers and against other libraries, all compiled as Nest's template
// compiles. Prints Markdown tables, and keeps the numbers in reports/benchmark/results.json.
//
//   npm run bench                          everything, on 1,000,000 rows of 1,000 tenants
//   npm run bench -- --quick               the same on few rows in few rounds: shows that it works, measures nothing
//   npm run bench -- --large               10,000,000 rows of 100,000 tenants
//   npm run bench -- --only=list,read      only these kinds of requests and parts; `requests` is all kinds
//   npm run bench -- --adapter=fastify --contestants=muck,pg --rounds=10 --seconds=1
//   npm run bench -- --memory              memory after 1,000,000 requests of hostile shapes too; --memory=50000 sends fewer
//   npm run bench -- --plot                draws the charts of the README too
//   npm run bench -- --last                the tables (and charts) of the last run again, without measuring
//
// DATABASE_URL names a PostgreSQL server on this machine, where the rows stay for the next run in the database `muck_benchmark`;
// without it an embedded one is started, and the rows are made anew.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openContext } from './context.mjs';
import { readOptions } from './options.mjs';
import { measureParts, partsOf } from './parts.mjs';
import { endProcesses } from './processes.mjs';
import { printReport } from './report/report.mjs';

const RESULTS = join(import.meta.dirname, '../reports/benchmark/results.json');

const options = readOptions(process.argv.slice(2));
if (!options.last) {
  const parts = partsOf(options);
  const context = await openContext(options, parts.applications);
  try {
    const results = await measureParts(context, parts);
    await mkdir(join(RESULTS, '..'), { recursive: true });
    await writeFile(RESULTS, JSON.stringify(results, undefined, 1));
  } finally {
    await endProcesses();
    await context.close();
  }
}
await printReport(JSON.parse(await readFile(RESULTS, 'utf8')), options);
