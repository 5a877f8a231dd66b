// @ts-check
import { register } from 'node:module';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataSource } from 'typeorm';
import { collect, NeedsJest } from './jest-globals.mjs';

/**
 * The test files, each loaded into this process when it is needed, and then kept.
 *
 * @typedef {import('./jest-globals.mjs').Block} Block
 * @typedef {import('./jest-globals.mjs').Test} Test
 * @typedef {{ id: string, file: Block, block: Block, tests: string[], enter(): void }} Section
 *   the tests of a file that are opened and closed together
 */

/** The tests of isolation, but for those that need a server. */
const SPECS =
  /^test\/(unit\/.*|integration\/(orm|startup|tenancy|observability)\/(?!overlapping-requests|support-desk).*|integration\/crud\/writes\/(bulk-inserts|lost-races|one-statement-writes)|security\/(?!two-worlds).*|compatibility\/ordinary-use\/.*)\.spec\.ts$/;

/** How long a test or hook may take when nothing is known of it, in milliseconds. */
const SLOW = 20_000;

/** Narrows the tests to those of some files, which is quicker while one file of lib/ is worked on. */
const CHOSEN = new RegExp(process.env['TEST_SPECS'] ?? '');

/** TypeORM's own methods, which each copy of the package replaces when it is loaded. */
const stock = methodsNow();

/** @typedef {Pick<DataSource, 'initialize' | 'createQueryBuilder'>} Methods */

/** @returns {Methods} */
function methodsNow() {
  const { initialize, createQueryBuilder } = DataSource.prototype;
  return { initialize, createQueryBuilder };
}

export class Suite {
  /** @type {Map<string, Methods>} what each copy of the package has put there */
  registries = new Map();
  /** @type {Map<string, Section[]>} */
  loaded = new Map();

  /** @param {{ root: string, compiled: string }} folders the project's, and one that keeps what has been compiled */
  constructor({ root, compiled }) {
    this.root = root;
    process.env.TEST_DATABASES ??= 'sqljs';
    process.env.TEST_ATTEMPTS ??= 'held';
    process.env.TEST_STEPS ??= '60';
    process.env.TEST_SERVERS ??= JSON.stringify({
      prefix: '',
      found: { sqljs: { url: 'sqljs:', name: 'SQLite' } },
      missing: {},
    });
    register('./loader.mjs', { parentURL: import.meta.url, data: { root, compiled } });
  }

  /** @returns {Promise<string[]>} the paths of the test files */
  async paths() {
    const files = await readdir(join(this.root, 'test'), { recursive: true });
    return files
      .map((file) => `test/${file}`)
      .filter((file) => SPECS.test(file) && CHOSEN.test(file))
      .sort();
  }

  /**
   * @param {string} path of a test file
   * @returns {Promise<Section[]>}
   */
  async sections(path) {
    const known = this.loaded.get(path);
    if (known !== undefined) return known;
    // The scope of a process is declared once: a file that declares its own gets its own copy of the package.
    const source = await readFile(join(this.root, path), 'utf8');
    const registry = /declareScope\(|MuckModule/.test(source) ? `?${path}` : '?';
    Object.assign(DataSource.prototype, this.registries.get(registry) ?? stock);
    const file = await collect(path, () => import(`${pathToFileURL(join(this.root, path)).href}${registry}`));
    const wrapped = methodsNow();
    this.registries.set(registry, wrapped);
    const sections = sectionsOf(file, () => void Object.assign(DataSource.prototype, wrapped));
    this.loaded.set(path, sections);
    return sections;
  }
}

/** @param {Block} file @param {() => void} enter @returns {Section[]} */
function sectionsOf(file, enter) {
  const blocks = file.parts.filter((part) => 'parts' in part);
  const alone = file.parts.filter((part) => 'run' in part);
  if (alone.length > 0) blocks.push({ ...file, before: [], after: [], name: '', parts: alone });
  return blocks.map((block) => ({
    id: `${file.name} › ${block.name}`,
    file,
    block,
    tests: [...testsIn({ ...file, parts: [block] }, '')].map(([name]) => name),
    enter,
  }));
}

/** @param {Block} block @param {string} prefix @returns {Generator<[string, Test]>} */
function* testsIn(block, prefix) {
  for (const part of block.parts) {
    const name = `${prefix} › ${part.name}`;
    if ('parts' in part) yield* testsIn(part, name);
    else yield [name, part];
  }
}

/**
 * Runs tests of a section, with the hooks around them, up to the first that fails.
 *
 * @param {Section} section
 * @param {object} options
 * @param {(name: string) => boolean} [options.chosen]
 * @param {(name: string | undefined) => void} [options.onStart] told before each test, and with undefined before each hook around several
 * @param {() => void} [options.onEnd] told before what was opened is closed
 * @param {number} [options.limit] how long each test and hook may take, in milliseconds
 * @returns {Promise<{ failed?: { name: string, error: unknown }, skipped: string[], hung: boolean }>}
 */
export async function runSection(section, { chosen = () => true, onStart = () => {}, onEnd = () => {}, limit = SLOW }) {
  section.enter();
  const result = { failed: undefined, skipped: /** @type {string[]} */ ([]), hung: false };

  /** @param {Block} block @param {string} prefix @param {Block[]} outer @returns {Promise<void>} */
  const run = async (block, prefix, outer) => {
    const wanted = [...testsIn(block, prefix)].some(([name]) => chosen(name));
    if (!wanted || result.failed) return;
    const blocks = [...outer, block];
    onStart(undefined);
    await attempt(`${prefix} › before`, async () => {
      for (const step of block.before) await limited(step, limit);
    });
    for (const part of block.parts) {
      const name = `${prefix} › ${part.name}`;
      if (result.failed) break;
      if ('parts' in part) await run(part, name, blocks);
      else if (chosen(name)) {
        onStart(name);
        await attempt(name, async () => {
          try {
            for (const one of blocks) for (const step of one.beforeEach) await limited(step, limit);
            await limited(part.run, limit);
          } finally {
            for (const one of blocks.toReversed()) for (const step of one.afterEach) await limited(step, limit);
          }
        });
      }
    }
    if (result.failed) onEnd();
    onStart(undefined);
    await attempt(`${prefix} › after`, async () => {
      for (const step of block.after) await limited(step, limit);
    });
  };

  /** @param {string} name @param {() => Promise<void>} step */
  const attempt = async (name, step) => {
    try {
      await step();
    } catch (error) {
      if (error instanceof NeedsJest) result.skipped.push(name);
      else {
        if (error instanceof Hung) result.hung = true;
        result.failed ??= /** @type {any} */ ({ name, error });
      }
    }
  };

  const { file, block } = section;
  await run({ ...file, parts: [block] }, '', []);
  return result;
}

class Hung extends Error {}

/** @param {() => unknown} step @param {number} limit */
async function limited(step, limit) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Hung('did not end')), limit);
  });
  try {
    await Promise.race([step(), late]);
  } finally {
    clearTimeout(timer);
  }
}
