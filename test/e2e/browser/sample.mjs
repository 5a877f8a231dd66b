// Starts the sample as a new user does, works with it in Chromium as both organizations, runs the commands that it shows, stops it with Ctrl-C, and
// starts it again.
// @ts-check
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { DESKS, tellStory } from './desk-story.mjs';

const root = new URL('../../..', import.meta.url).pathname;
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const READY_WITHIN = 240_000;
const WIDE = { width: 1100, height: 900 };

/**
 * @param {unknown} condition
 * @param {string} promise
 */
function holds(condition, promise) {
  console.log(`${condition ? 'ok   ' : 'FAIL '} ${promise}`);
  if (!condition) process.exitCode = 1;
}

/** Runs `npm start` and waits for its address. */
async function start() {
  const began = Date.now();
  const child = spawn('sh', ['-c', 'exec node sample/start.mjs'], {
    cwd: root,
    env: { ...process.env, PORT: '0', DATABASE_URL: '', ADAPTER: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  let output = '';
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${READY_WITHIN} ms:\n${output}`)), READY_WITHIN);
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
      const address = /http:\/\/\S+:\d+/.exec(output)?.[0];
      if (address !== undefined && output.includes('root@platform.example')) {
        clearTimeout(timer);
        resolve(address);
      }
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${output}`)));
  });
  return { child, url: String(url), seconds: (Date.now() - began) / 1000 };
}

/** @param {import('node:child_process').ChildProcess} child */
async function interrupt(child) {
  child.removeAllListeners('exit');
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await Promise.race([ended, new Promise((_, reject) => setTimeout(() => reject(new Error('does not end')), 15_000))]);
  return execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(`${root}.data/support-desk`);
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGINT')));

/** The commands that the page at `/terminal` shows: they run as they stand there. */
async function tryTerminalPage() {
  const page = await openPage('/terminal');
  holds((await page.textContent('h1'))?.includes('Support desk'), 'the page of commands has its heading');
  const commands = await page.$$eval('pre code', (blocks) => blocks.map((block) => block.textContent ?? ''));
  const answer = execFileSync('bash', ['-c', commands.join('\n')], { encoding: 'utf8' });
  holds(commands.length > 3 && !answer.includes('Internal server error'), 'the commands on it run');
  holds(
    answer.includes('"organizationId":1') && answer.includes('404'),
    'they show own rows, and a 404 for a foreign one',
  );
  await inspect(page, 'terminal');
  await page.context().close();
}

/**
 * @param {typeof DESKS[number]} desk
 * @returns {Promise<string>} everything that the API has answered meanwhile
 */
async function tryDesk(desk) {
  const page = await openPage('/');
  /** @type {Promise<string>[]} */
  const answers = [];
  page.on('response', (response) => {
    if (response.url().includes('/api/')) answers.push(response.text().catch(() => ''));
  });
  const view = (/** @type {string} */ name) => inspect(page, `${desk.name}-${name}`.toLowerCase());
  await tellStory({ page, holds, inspect: view }, desk);
  await page.context().close();
  return (await Promise.all(answers)).join('\n');
}

/** @param {string} path */
async function openPage(path) {
  // The page's own policy lets no foreign script in, and axe is one. That it is there is asserted apart.
  const context = await browser.newContext({ viewport: WIDE, bypassCSP: true });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  // A refusal is part of the story; the browser logs each of them.
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      holds(false, `no error: ${message.text()}`);
  });
  page.on('pageerror', (error) => holds(false, `no error: ${String(error)}`));
  const answer = await page.goto(`${first.url}${path}`);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  holds(policy.includes("default-src 'self'") && !policy.includes('unsafe'), `${path} lets in nothing from elsewhere`);
  return page;
}

/**
 * What must hold of every view, in the light and in the dark, at a desk and on a phone.
 *
 * @param {import('playwright-core').Page} page
 * @param {string} view
 */
async function inspect(page, view) {
  await page.addScriptTag({ path: axe });
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    const violations = await page.evaluate(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))',
    );
    holds(
      Array.isArray(violations) && violations.length === 0,
      `axe finds nothing to complain about: ${view}, ${colorScheme} ${String(violations)}`,
    );
    await page.screenshot({ path: `${root}/reports/sample-${view}-${colorScheme}.png` });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 360, height: 740 });
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  holds(overflow === 0, `nothing scrolls sideways on a phone: ${view}`);
  await page.screenshot({ path: `${root}/reports/sample-${view}-phone.png` });
  await page.setViewportSize(WIDE);
}

mkdirSync(`${root}/reports`, { recursive: true });
const first = await start();
console.log(`ready in ${first.seconds.toFixed(1)} s`);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
try {
  await tryTerminalPage();
  /** @type {string[]} */
  const heard = [];
  for (const desk of DESKS) heard.push(await tryDesk(desk));
  for (const [index, desk] of DESKS.entries()) {
    const other = DESKS[1 - index];
    const foreign = other.marks.filter((mark) => heard[index].includes(mark));
    holds(foreign.length === 0, `no byte of ${other.name} reaches ${desk.name} ${foreign.join(', ')}`);
    holds(
      desk.marks.every((mark) => heard[index].includes(mark)),
      `while all of ${desk.name} does`,
    );
  }
} finally {
  await browser.close();
}
holds(!(await interrupt(first.child)), 'Ctrl-C leaves no process');
const second = await start();
console.log(`ready again in ${second.seconds.toFixed(1)} s`);
holds((await fetch(`${second.url}/health`)).ok, 'a second start works');
holds(!(await interrupt(second.child)), 'and ends without a trace');
