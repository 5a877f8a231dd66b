// Reads the file list of `npm pack --json` and refuses a tarball that lacks something or carries too much.
import { readFileSync } from 'node:fs';

const [tarball] = Object.values(JSON.parse(readFileSync(process.argv[2], 'utf8')));
const files = tarball.files.map(({ path }) => path);

const entryPoints = [
  'dist/index',
  'dist/client/index',
  'dist/openapi/index',
  'dist/rls/index',
  'dist/terminus/index',
  'dist/testing/index',
];
const required = [
  ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/cli/main.js'],
  ...entryPoints.flatMap((path) => [`${path}.js`, `${path}.d.ts`]),
];
const missing = required.filter((path) => !files.includes(path));
const unwanted = files.filter(
  (path) => !required.includes(path) && !/^(dist\/.+\.(js|d\.ts)|docs\/.+\.(md|png|svg))$/.test(path),
);

console.log(`${files.length} files, ${tarball.unpackedSize} bytes unpacked`);
for (const path of missing) console.error(`missing from the package: ${path}`);
for (const path of unwanted) console.error(`not meant for the package: ${path}`);
process.exitCode = missing.length + unwanted.length ? 1 : 0;
