#!/usr/bin/env node
// Refuses words for which the field has a better one, in comments, messages, documentation and names of tests.
//
//   node .ci/check-words.mjs            all files that Git knows
//   node .ci/check-words.mjs lib docs   the files below these folders
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** What is refused, and what to write. */
const WORDS = [
  [/\bwho has gone\b/, 'the client has disconnected'],
  [/\bin force\b/, 'current'],
  [/\bby hand\b|\bhand-written\b/, 'raw SQL; manually'],
  [/\b(?:lie|lies|hang|hangs) below\b/, 'nested, child, parent'],
  [/\bsituations?\b/, 'access context'],
  [/\bseams?\b/, 'patched method'],
  [/\bsafety nets?\b|\bwalls? of\b/, 'enforcement layer, verifier, query runner guard'],
  [/\blimited (?:entity|entities|tables?)\b/, 'tenant-scoped'],
  [/\b(?:take|takes|taken|took|go|goes|read|brought|brings|bring) along\b/, 'cascade; included'],
  [/\bcounted keys?\b|\bthe database counts\b/, 'auto-increment key'],
  [/\bmarked as deleted\b/, 'soft-deleted'],
  [/\binstants?\b/, 'timestamp'],
  [/\bthe last word\b/, 'the last declaration'],
  [/\bkeeps? less\b/, 'narrower type'],
  [/\b(?:nobody|somebody|whoever)\b/, 'the actor: the client, the caller, the driver, MySQL'],
  [/\b(?:is|are|was|were|be|been) looked up\b/, 'foreign key check; is read'],
  [/\bslots?\b/, 'parameter'],
  [/\bstands? for\b/, 'is, means, represents'],
  [/\bmakes? (?:a key |a row |an object )?of nothing\b/, 'null, undefined, 0 or the empty string'],
];

/** Words that are refused outside of tests only. */
const OUTSIDE_OF_TESTS = [
  [/\banswer(?:s|ed|ing)?\b/, 'response (HTTP), result (function)'],
  [/(?<!unscoped[\s*/]+)\bsections?\b(?! \d)/, 'unscoped section'],
];

/** Places where a refused word is the right one: a file, and what it says there. */
const ALLOWED = [
  // The name of a system user.
  ['sample/launcher/postgres/system-user.mjs', 'no user "postgres" or "nobody"'],
];

/** Code in a comment: examples, names of parameters, links, types. */
const CODE = /@example[^]*?(?=\n\s*\* @|$)|@param +(?:\{[^}]*\} +)?\S+|@\w+ +\{[^}]*\}|`[^`]+`|\{@\w+ [^}]*\}|'\w+'/g;

const folders = process.argv.slice(2);
const files = execFileSync('git', ['ls-files', '-z', '--', ...folders], { encoding: 'utf8' })
  .split('\0')
  .filter((file) => /\.(?:[cm]?[jt]s|md)$/.test(file) && existsSync(file) && file !== '.ci/check-words.mjs');
const found = files.flatMap((file) => findIn(file, readFileSync(file, 'utf8')));
for (const line of found) console.error(line);
if (found.length > 0) process.exitCode = 1;

function findIn(file, text) {
  const words = file.startsWith('test/') ? WORDS : [...WORDS, ...OUTSIDE_OF_TESTS];
  return (file.endsWith('.md') ? proseOfMarkdown(text) : proseOfScript(file, text)).flatMap(({ at, prose }) =>
    words.flatMap(([pattern, instead]) =>
      [...prose.matchAll(new RegExp(pattern.source, 'gi'))]
        .filter(
          (match) => !ALLOWED.some(([path, part]) => path === file && prose.includes(part) && part.includes(match[0])),
        )
        .map((match) => {
          const line = text.slice(0, at + match.index).split('\n').length;
          return `${file}:${line} "${match[0]}": write ${instead}`;
        }),
    ),
  );
}

function blank(code) {
  return code.replace(/[^\n]/g, ' ');
}

/** Returns the text of a document outside of code. Code becomes spaces, so that positions stay. */
function proseOfMarkdown(text) {
  return [{ at: 0, prose: text.replace(/^ *```[^]*?^ *```/gm, blank).replace(/`[^`\n]+`/g, blank) }];
}

/** Returns comments without the code in them, and string literals of several words. */
function proseOfScript(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const pieces = new Map();
  const add = (pos, end, prose = text.slice(pos, end)) => pieces.set(pos, { at: pos, prose });
  const addComment = (pos, end) => add(pos, end, text.slice(pos, end).replace(CODE, blank));
  const visit = (node) => {
    if (ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node)) {
      if (/\w \w/.test(node.text)) add(node.getStart(source), node.end);
    }
    for (const { pos, end } of ts.getLeadingCommentRanges(text, node.pos) ?? []) addComment(pos, end);
    for (const { pos, end } of ts.getTrailingCommentRanges(text, node.end) ?? []) addComment(pos, end);
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  return [...pieces.values()];
}
