// Installs the lowest or the latest release of each peer dependency's range, beside what the lockfile has: node .ci/install-peers.mjs lowest|latest
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const which = process.argv[2];
if (which !== 'lowest' && which !== 'latest') throw new Error('node .ci/install-peers.mjs lowest|latest');

const packages = Object.entries(peerDependencies).map(
  ([name, range]) => `${name}@${which === 'latest' ? range : lowest(range)}`,
);
// Nest's adapters and tools must be of the same major release as its core.
const nest = which === 'lowest' ? '11' : '12';
const withCore = ['@nestjs/platform-express', '@nestjs/platform-fastify', '@nestjs/testing'].map(
  (name) => `${name}@${nest}`,
);

console.log(`npm install --no-save ${[...packages, ...withCore].join(' ')}`);
execFileSync('npm', ['install', '--no-save', '--legacy-peer-deps', ...packages, ...withCore], { stdio: 'inherit' });

/** The lowest release that a range names first. @param {string} range */
function lowest(range) {
  return /\d+\.\d+\.\d+/.exec(range)?.[0] ?? range;
}
