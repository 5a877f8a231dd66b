import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DataSource } from 'typeorm';

/** First supported release. Later ones of the same major version are supported too. */
const FIRST: Release = [1, 1, 1];
const LINE = 'npm install typeorm@^1.1.1';

type Release = readonly [major: number, minor: number, patch: number];

/**
 * Checks the installed release of TypeORM. In a release outside of the peer dependency range, the patched TypeORM
 * methods may have moved.
 *
 * @returns a problem that stops the start, with the line to type; undefined for a supported release
 */
export function releaseProblem(): string | undefined {
  // TypeORM exposes its release only in its package.json, which a bundle does not contain. 1.0 removed `connect`.
  const isBefore1 = 'connect' in DataSource.prototype;
  const installed = installedRelease();
  const text = releaseIn(String(installed));
  // If they disagree, another copy than the installed one is loaded, of which only the age is known.
  const release = text !== undefined && text[0] < 1 === isBefore1 ? text : undefined;
  if (!isBefore1 && (release === undefined || isKnown(release))) return undefined;
  const name = release === undefined ? 'A release of TypeORM before 1.0' : `TypeORM ${installed!}`;
  return `${name} is installed, but nestjs-muck needs ${FIRST.join('.')} or later, before ${FIRST[0] + 1}.0.0. Run: ${LINE}`;
}

function isKnown([major, minor, patch]: Release): boolean {
  const [firstMajor, firstMinor, firstPatch] = FIRST;
  return major === firstMajor && (minor > firstMinor || (minor === firstMinor && patch >= firstPatch));
}

function releaseIn(text: string): Release | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)/.exec(text);
  return found === null ? undefined : [Number(found[1]), Number(found[2]), Number(found[3])];
}

/** Returns the release that Node resolves from the application's entry file, or from the working directory. */
function installedRelease(): string | undefined {
  const program = process.argv[1];
  return (program === undefined ? undefined : releaseFrom(dirname(program))) ?? releaseFrom(process.cwd());
}

function releaseFrom(directory: string): string | undefined {
  try {
    const text = readFileSync(join(directory, 'node_modules/typeorm/package.json'), 'utf8');
    return String((JSON.parse(text) as { readonly version?: unknown }).version);
  } catch {
    const above = dirname(directory);
    return above === directory ? undefined : releaseFrom(above);
  }
}
