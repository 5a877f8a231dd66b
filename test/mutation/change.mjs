// @ts-check
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { EQUIVALENT } from './equivalent.mjs';

/**
 * A mutant as the source lines that it changes, before and after, each on one line: line numbers move, text stays.
 *
 * @typedef {{ file: string, line: number, from: string, to: string }} Change
 */

/**
 * @param {Pick<import('@stryker-mutator/api/core').Mutant, 'fileName' | 'location' | 'replacement'>} mutant
 * @param {string} root the project's folder
 * @returns {Change}
 */
export function changeOf({ fileName, location: { start, end }, replacement }, root) {
  const lines = readFileSync(fileName, 'utf8')
    .split('\n')
    .slice(start.line, end.line + 1);
  const head = lines[0].slice(0, start.column);
  const tail = lines[lines.length - 1].slice(end.column);
  return {
    file: relative(root, fileName),
    line: start.line + 1,
    from: onOneLine(lines.join('\n')),
    to: onOneLine(head + replacement + tail),
  };
}

/**
 * The change of a mutant that a report tells of: there lines and columns count from one, in Stryker itself from zero.
 *
 * @param {Readonly<Pick<import('@stryker-mutator/api/core').MutantResult, 'fileName' | 'location' | 'replacement'>>} mutant
 */
export function changeTested({ fileName, location: { start, end }, replacement }) {
  const location = {
    start: { line: start.line - 1, column: start.column - 1 },
    end: { line: end.line - 1, column: end.column - 1 },
  };
  return changeOf({ fileName, location, replacement: replacement ?? '' }, process.cwd());
}

/**
 * The entry of the list of mutants that change nothing, if a change is one of them.
 *
 * @param {Change} change
 */
export function entryOf({ file, from, to }) {
  return EQUIVALENT.find((entry) => entry.file === file && entry.from === from && entry.to === to);
}

/** @param {string} text */
function onOneLine(text) {
  return text.trim().replace(/\s+/g, ' ');
}
