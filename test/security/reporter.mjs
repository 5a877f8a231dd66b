// @ts-check
import { covered, owed } from './owed.mjs';

/**
 * Ends a run of the attacks with one table: each promise, and on which database it was held.
 *
 * @typedef {'held' | 'NOT HELD' | 'no way'} Outcome `no way`: the database cannot express the attack
 * @typedef {{ group: string, promise: string, outcomes: Map<string, Outcome> }} Row
 */

const DATABASES = ['postgres', 'sqljs', 'mariadb', 'postgres15'];
/** The column of promises in which no database is involved. */
const NONE = 'no database';
const WIDTH = 100;

export default class AttacksReporter {
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /**
   * @param {unknown} _test
   * @param {import('@jest/reporters').TestResult} result
   */
  onTestResult(_test, { testResults, testFilePath, testExecError, failureMessage }) {
    if (testResults.length === 0) {
      this.#note(testFilePath, testExecError?.message ?? failureMessage ?? 'has no tests', NONE, 'NOT HELD');
    }
    for (const { ancestorTitles, title, status, failureMessages } of testResults) {
      if (status === 'pending' || status === 'todo') continue;
      const where = / on (\w+)$/.exec(ancestorTitles.join(', '))?.[1] ?? NONE;
      const group = ancestorTitles.join(', ').replace(/ on \w+$/, '');
      const promise = title.replace(/ \(cannot be expressed here: .*\)$/, '');
      const outcome = status !== 'passed' ? 'NOT HELD' : promise === title ? 'held' : 'no way';
      this.#note(group, promise, where, outcome);
      if (outcome === 'NOT HELD') console.error(`\n${group} on ${where}: ${promise}\n${failureMessages.join('\n')}`);
    }
  }

  onRunComplete() {
    const rows = [...this.#rows.values()];
    const columns = [...DATABASES, NONE].filter((name) => rows.some(({ outcomes }) => outcomes.has(name)));
    const lines = [line('', columns)];
    let group = '';
    for (const row of rows) {
      if (row.group !== group) lines.push('', row.group);
      group = row.group;
      lines.push(
        line(
          `  ${row.promise}`,
          columns.map((name) => row.outcomes.get(name) ?? ''),
        ),
      );
    }
    lines.push('', ...this.#counts(rows, columns), '', ...owedLines());
    console.log(lines.join('\n'));
  }

  /**
   * @param {string} group
   * @param {string} promise
   * @param {string} where
   * @param {Outcome} outcome
   */
  #note(group, promise, where, outcome) {
    const key = JSON.stringify([group, promise]);
    const row = this.#rows.get(key) ?? { group, promise, outcomes: new Map() };
    this.#rows.set(key, row);
    row.outcomes.set(where, outcome);
  }

  /**
   * @param {Row[]} rows
   * @param {string[]} columns
   */
  #counts(rows, columns) {
    const count = (/** @type {string} */ name, /** @type {Outcome} */ outcome) =>
      rows.filter(({ outcomes }) => outcomes.get(name) === outcome).length;
    const broken = rows.filter(({ outcomes }) => [...outcomes.values()].includes('NOT HELD'));
    return [
      `${rows.length} promises, ${rows.length - broken.length} of them held everywhere.`,
      ...columns.map((name) => {
        const cannot = count(name, 'no way');
        return (
          `  ${name}: ${count(name, 'held')} held, ${count(name, 'NOT HELD')} not held` +
          (cannot === 0 ? '' : `, ${cannot} cannot be expressed there`)
        );
      }),
      ...(broken.length === 0 ? [] : ['Not held:']),
      ...broken.map(({ group, promise, outcomes }) => {
        const where = [...outcomes].filter(([, outcome]) => outcome === 'NOT HELD').map(([name]) => name);
        return `  ${group}: ${promise} (${where.join(', ')})`;
      }),
    ];
  }
}

/**
 * @param {string} text
 * @param {readonly string[]} cells
 */
function line(text, cells) {
  const shown = text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text;
  return `${shown.padEnd(WIDTH)} ${cells.map((cell) => cell.padEnd(11)).join(' ')}`.trimEnd();
}

function owedLines() {
  const lines = [`Owed, ${owed.length} promises for what does not exist yet, or what no test has tried:`];
  for (const feature of new Set(owed.map(({ needs }) => needs))) {
    lines.push(`  ${feature}`);
    for (const { promise, needs } of owed) if (needs === feature) lines.push(`    ${promise}`);
  }
  lines.push(`Kept, and tested elsewhere:`);
  for (const { promise, by } of covered) lines.push(`  ${promise} (${by})`);
  return lines;
}
