// The server goes and comes back, a proxy has nothing to pass on, a session runs out: what was typed stays, and is sent once.
// @ts-check
import { createTicket, enter } from './stage.mjs';

const DRAFT = 'Typed while the server was away.';

/** @typedef {import('./stage.mjs').Stage} Stage */

/**
 * @param {import('./stage.mjs').Theatre} theatre
 * @param {{ stop: () => Promise<void>, restart: (env?: NodeJS.ProcessEnv) => Promise<void> }} server
 */
export async function tellOfOutages(theatre, server) {
  const stage = await theatre.stage('/', {
    name: 'outage',
    expects: /ERR_CONNECTION_REFUSED|ERR_FAILED|status of 50[234]/,
  });
  await enter(stage.page, 'Ada Lovelace');
  await createTicket(stage.page, 'Survives an outage');
  await meetBadGateway(stage);
  await loseResponse(stage);
  await loseServer(stage, server);
  await loseSession(stage, server);
  await stage.page.context().close();
}

/** @param {Stage} stage */
async function meetBadGateway({ page, holds }) {
  const badGateway = { status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' };
  await page.route('**/api/**', (route) => route.fulfill(badGateway), { times: 1 });
  await page.getByLabel('New comment').fill('Typed at a bad gateway.');
  await page.getByRole('button', { name: 'Add comment' }).click();
  await page.getByText('The server is not available.').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.thread .text', { hasText: 'Typed at a bad gateway.' }).waitFor();
  holds(
    (await page.getByLabel('New comment').inputValue()) === '',
    'a page of a proxy is an outage, and another attempt gets through',
  );

  await page.route('**/api/**', (route) => route.fulfill(badGateway), { times: 1 });
  await page.getByRole('button', { name: 'Close ticket' }).click();
  await page.getByText('Close ticket: The server is not available.').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Reopen' }).waitFor();
  holds(true, 'a button that failed is pressed again by its message');
}

/** @param {Stage} stage */
async function loseResponse({ page, holds }) {
  await page.route(
    '**/comments',
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
  await page.getByLabel('New comment').fill('Stored, but unheard.');
  await page.getByRole('button', { name: 'Add comment' }).click();
  await page.getByText('The server does not respond.').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.thread .text', { hasText: 'Stored, but unheard.' }).waitFor();
  const stored = await page.locator('.thread .text', { hasText: 'Stored, but unheard.' }).count();
  holds(stored === 1, `a comment whose response was lost is not stored twice (${stored})`);
}

/** @param {Stage} stage @param {Parameters<typeof tellOfOutages>[1]} server */
async function loseServer({ page, holds, inspect }, server) {
  const address = page.url();
  await page.getByLabel('New comment').fill(DRAFT);
  await server.stop();
  await page.getByRole('button', { name: 'Add comment' }).click();
  await page.getByText('The server does not respond.').waitFor();
  holds((await page.getByLabel('New comment').inputValue()) === DRAFT, 'an outage keeps what was typed');
  await inspect('down');
  await server.restart();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.thread .text', { hasText: DRAFT }).waitFor();
  holds(true, 'and sends it when the server is back');

  await page.getByRole('link', { name: 'Tickets', exact: true }).click();
  await page.getByRole('table').waitFor();
  await page.route('**/api/**', (route) => route.abort(), { times: 1 });
  await page.getByLabel('Status', { exact: true }).selectOption('Open');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('table').waitFor();
  holds(true, 'a list that could not be loaded is loaded again');

  await page.route('**/api/**', (route) => route.abort());
  await page.goto(address);
  await page.reload();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await page.unroute('**/api/**');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.thread .text', { hasText: DRAFT }).waitFor();
  holds(true, 'and so is a page that was opened during the outage');
}

/** @param {Stage} stage @param {Parameters<typeof tellOfOutages>[1]} server */
async function loseSession({ page, holds, inspect }, server) {
  await server.stop();
  await server.restart({ JWT_SECRET: 'another one: every token that was given out is void' });
  await page.getByLabel('New comment').fill('Typed in a session that is over.');
  await page.getByRole('button', { name: 'Add comment' }).click();
  const dialog = page.getByRole('dialog', { name: 'Your session is over' });
  await dialog.waitFor();
  await inspect('session-over');
  await dialog.getByLabel('Password').fill('wrong');
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await dialog.getByText('The address or the password is wrong.').waitFor();
  await dialog.getByLabel('Password').fill('demo');
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await page.locator('.thread .text', { hasText: 'Typed in a session that is over.' }).waitFor();
  holds(true, 'a session that runs out is renewed in place, and what was typed is sent');
  await page.reload();
  await page.locator('.thread .text', { hasText: 'Typed in a session that is over.' }).waitFor();
  holds(true, 'and goes on after a reload');
}
