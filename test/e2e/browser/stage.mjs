// Pages of a browser, and what must hold of each of their views.
// @ts-check
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { holds } from './promises.mjs';
import { ROOT } from './server.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SIZES = {
  desk: { width: 1280, height: 900 },
  phone: { width: 390, height: 844 },
};
/** The delay of each request on a slow network. */
export const LATENCY_MS = 1_200;

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {{ page: Page, holds: typeof holds, inspect: (view: string) => Promise<void>, answers: () => Promise<string> }} Stage
 */

/** Chromium with pages of the sample. */
export class Theatre {
  #browser;
  #url;

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {string} url
   */
  constructor(browser, url) {
    this.#browser = browser;
    this.#url = url;
  }

  /** @param {string} url of the sample */
  static async open(url) {
    mkdirSync(`${ROOT}/reports`, { recursive: true });
    const args = ['--no-sandbox', '--disable-dev-shm-usage'];
    return new Theatre(await chromium.launch({ executablePath: '/usr/bin/chromium', args }), url);
  }

  close() {
    return this.#browser.close();
  }

  /**
   * Opens a page with a storage of its own: another person at another computer.
   *
   * @param {string} path
   * @param {{ name: string, expects?: RegExp, latency?: number }} options `name` is part of the screenshots' names, `expects` is what the
   *   console may say beside refusals
   * @returns {Promise<Stage>}
   */
  async stage(path, { name, expects, latency = 0 }) {
    // The page's own policy lets no foreign script in, and axe is one. That it is there is asserted apart.
    const context = await this.#browser.newContext({ viewport: SIZES.desk, bypassCSP: true });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() !== 'error' || /status of 4\d\d/.test(text) || expects?.test(text)) return;
      holds(false, `no error: ${text}`);
    });
    page.on('pageerror', (error) => holds(false, `no error: ${String(error.stack)}`));
    /** @type {Promise<string>[]} */
    const answers = [];
    page.on('response', (response) => {
      if (response.url().includes('/api/')) answers.push(response.text().catch(() => ''));
    });
    const answer = await page.goto(`${this.#url}${path}`);
    const policy = answer?.headers()['content-security-policy'] ?? '';
    holds(
      policy.includes("default-src 'self'") && !policy.includes('unsafe'),
      `${path} lets in nothing from elsewhere`,
    );
    if (latency > 0) await slowDown(page, latency);
    return {
      page,
      holds,
      inspect: (view) => inspect(page, `${name}-${view}`.toLowerCase()),
      answers: async () => (await Promise.all(answers)).join('\n'),
    };
  }
}

/** @param {Page} page @param {number} latency in milliseconds */
export async function slowDown(page, latency) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  const unlimited = { downloadThroughput: -1, uploadThroughput: -1 };
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency, ...unlimited });
}

/**
 * What must hold of every view, in the light and in the dark, at a desk and on a phone.
 *
 * @param {Page} page
 * @param {string} view
 */
async function inspect(page, view) {
  await page.addScriptTag({ path: AXE });
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    holds(overflow === 0, `nothing scrolls sideways: ${view}, ${size}`);
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      const violations = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`))',
      );
      holds(
        Array.isArray(violations) && violations.length === 0,
        `axe finds nothing to complain about: ${view}, ${size}, ${colorScheme} ${String(violations)}`,
      );
      await page.screenshot({ path: `${ROOT}/reports/sample-${view}-${size}-${colorScheme}.png` });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(SIZES.desk);
}

/** Signs a person in and waits for the tickets. @param {Page} page @param {string} person */
export async function enter(page, person) {
  await page.getByRole('button', { name: person }).click();
  await page.getByRole('table').waitFor();
}

/** Waits until the list shows what was asked for last. @param {Page} page */
export async function settled(page) {
  await page.locator('.results[aria-busy="false"]').waitFor();
}

/** What the keyboard is at, by its text or its name. @param {Page} page */
export async function focused(page) {
  return String(await page.evaluate('document.activeElement.textContent.trim() || document.activeElement.name'));
}

let taken = Date.now() % 1_000_000_000;

/** An order number that no earlier run on the same data has taken. */
export function freeOrderNumber() {
  return String(100_000 + taken++);
}

/**
 * Opens a new ticket, and stays at it.
 *
 * @param {Page} page
 * @param {string} subject
 * @returns {Promise<string>} its address
 */
export async function createTicket(page, subject) {
  await page.getByRole('link', { name: 'Tickets', exact: true }).click();
  await page.getByRole('button', { name: 'New ticket' }).click();
  await page.getByRole('dialog').getByLabel('Subject').fill(subject);
  await page.getByRole('dialog').getByLabel('Order number').fill(freeOrderNumber());
  await page.getByRole('button', { name: 'Create ticket' }).click();
  await page.getByRole('heading', { name: subject, level: 1 }).waitFor();
  return page.url();
}
