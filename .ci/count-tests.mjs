// Prints "<passed> <failed>" from Jest's JSON results. A file that did not run counts as one failure, and so does a
// run that failed as a whole (a database that did not start, coverage below its threshold).
import { readFileSync } from 'node:fs';

const [file, exitCode] = process.argv.slice(2);
const results = JSON.parse(readFileSync(file, 'utf8'));
const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;

console.log(results.numPassedTests, failed || (exitCode === '0' ? 0 : 1));
