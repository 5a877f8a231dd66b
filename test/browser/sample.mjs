// Starts the sample as a new user does, opens its page in Chromium, runs the commands that the page shows, stops it with Ctrl-C, and starts it again.
// @ts-check
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const root = new URL('../..', import.meta.url).pathname;
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const READY_WITHIN = 60_000;

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

const first = await start();
console.log(`ready in ${first.seconds.toFixed(1)} s`);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  /** @type {string[]} */
  const errors = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(first.url);
  holds((await page.textContent('h1'))?.includes('Support desk'), 'the page has its heading');
  holds(errors.length === 0, `the page logs no error ${errors.join('; ')}`);
  const commands = await page.$$eval('pre code', (blocks) => blocks.map((block) => block.textContent ?? ''));
  const answer = execFileSync('bash', ['-c', commands.join('\n')], { encoding: 'utf8' });
  holds(commands.length > 3 && !answer.includes('Internal server error'), 'the commands on the page run');
  holds(
    answer.includes('"organizationId":1') && answer.includes('404'),
    'they show own rows, and a 404 for a foreign one',
  );
  // The page's own policy lets no foreign script in.
  const inspected = await browser.newPage({ bypassCSP: true });
  await inspected.goto(first.url);
  await inspected.addScriptTag({ path: axe });
  const violations = await inspected.evaluate('axe.run().then((result) => result.violations.map(({ id }) => id))');
  holds(
    Array.isArray(violations) && violations.length === 0,
    `axe finds nothing to complain about ${String(violations)}`,
  );
  await page.setViewportSize({ width: 360, height: 740 });
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  holds(overflow === 0, 'the page does not scroll sideways on a phone');
  mkdirSync(`${root}/reports`, { recursive: true });
  await page.screenshot({ path: `${root}/reports/sample-page.png`, fullPage: true });
} finally {
  await browser.close();
}
holds(!(await interrupt(first.child)), 'Ctrl-C leaves no process');
const second = await start();
console.log(`ready again in ${second.seconds.toFixed(1)} s`);
holds((await fetch(`${second.url}/health`)).ok, 'a second start works');
holds(!(await interrupt(second.child)), 'and ends without a trace');
