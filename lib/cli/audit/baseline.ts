import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { UsageError } from '../command.js';
import { RULES } from './audit-report.js';
import type { AuditFinding } from './audit-report.js';

/** The findings that a committed baseline accepts, and how today's differ from it. */
export interface BaselineDifference {
  /** Findings that the baseline does not accept: isolation has become wider. */
  readonly added: readonly AuditFinding[];
  /** Accepted findings that are gone. */
  readonly removed: readonly string[];
}

/** Returns the line of a finding in a baseline. It has no line number, so that the baseline outlives edits. */
export function baselineLine({ rule, text }: AuditFinding): string {
  return `${rule}: ${text}`;
}

/**
 * Compares findings with a baseline. Two findings with one text need two lines.
 *
 * @throws UsageError if the file is missing or not a baseline
 */
export function compareWithBaseline(file: string, findings: readonly AuditFinding[]): BaselineDifference {
  if (!existsSync(file)) throw new UsageError(`There is no baseline ${file}. Create it with --update-baseline`);
  const left = readLines(file);
  const added = findings.filter((finding) => {
    const index = left.indexOf(baselineLine(finding));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
  return { added: added.filter(({ rule }) => RULES[rule].level !== 'warning'), removed: left };
}

/** Writes the findings as the baseline. Warnings are no part of it, since they widen nothing. */
export function writeBaseline(file: string, findings: readonly AuditFinding[]): void {
  const accepted = findings.filter(({ rule }) => RULES[rule].level !== 'warning').map(baselineLine);
  writeFileSync(file, `${JSON.stringify({ version: 1, accepted: accepted.sort() }, undefined, 2)}\n`);
}

function readLines(file: string): string[] {
  let read: { readonly version?: unknown; readonly accepted?: unknown };
  try {
    read = JSON.parse(readFileSync(file, 'utf8')) as typeof read;
  } catch {
    throw new UsageError(`${file} is not JSON`);
  }
  const { version, accepted } = read;
  if (version !== 1 || !Array.isArray(accepted) || !accepted.every((line) => typeof line === 'string'))
    throw new UsageError(`${file} is no baseline of nestjs-muck audit`);
  return [...accepted];
}
