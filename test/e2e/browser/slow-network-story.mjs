// What a person meets who does not wait: each request takes 1.2 seconds, and none of them may arrive where it is not wanted any more.
// @ts-check
import { createTicket, LATENCY_MS, settled } from './stage.mjs';

/** @param {import('./stage.mjs').Theatre} theatre */
export async function tellOfSlowNetwork(theatre) {
  const stage = await theatre.stage('/', { name: 'slow', latency: LATENCY_MS });
  await signInTwice(stage);
  await signOutEarly(stage);
  await changeTheMind(stage);
  await goBack(stage);
  await pressTwice(stage);
  await leaveEarly(stage);
  await stage.page.context().close();
}

/** @param {import('./stage.mjs').Stage} stage */
async function signInTwice({ page, holds }) {
  await page.getByRole('button', { name: 'Ada Lovelace' }).click();
  await page.getByRole('button', { name: 'Grace Hopper' }).click();
  await page.getByRole('table').waitFor();
  await showsOnly({ page, holds }, 'Grace Hopper', 'Globex', 'of two users who are picked, the second comes in');
}

/** @param {import('./stage.mjs').Stage} stage */
async function signOutEarly(stage) {
  const { page, holds } = stage;
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Ada Lovelace' }).click();
  await page.locator('#main .placeholder').first().waitFor();
  holds(await page.locator('#progress').isVisible(), 'the page says that it waits');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Grace Hopper' }).click();
  await page.getByRole('table').waitFor();
  await page.waitForLoadState('networkidle');
  await showsOnly(
    stage,
    'Grace Hopper',
    'Globex',
    'a session that ended while it began leaves nothing in the next one',
  );
}

/**
 * @param {Pick<import('./stage.mjs').Stage, 'page' | 'holds'>} stage
 * @param {string} person
 * @param {string} organization
 * @param {string} promise
 */
async function showsOnly({ page, holds }, person, organization, promise) {
  const bar = await page.locator('#bar').innerText();
  const ids = await page.$$eval('tbody th a', (links) =>
    links.map((link) => Number(link.getAttribute('href')?.split('/').at(-1))),
  );
  const foreign = ids.filter((id) => id <= 60);
  holds(bar.includes(person) && bar.includes(organization) && !bar.includes('Acme') && foreign.length === 0, promise);
}

/** @param {import('./stage.mjs').Stage} stage */
async function changeTheMind({ page, holds }) {
  const status = page.getByLabel('Status', { exact: true });
  await status.selectOption('Open');
  await status.selectOption('Closed');
  holds((await page.locator('.results').getAttribute('aria-busy')) === 'true', 'a list that is on its way says so');
  await settled(page);
  await page.waitForLoadState('networkidle');
  const marks = new Set(await page.locator('tbody td .mark[class*="status-"]').allTextContents());
  holds(marks.size === 1 && marks.has('Closed'), 'of two choices the later one is shown');

  await page.locator('tbody th a').first().click();
  await page.goBack();
  const second = page.locator('tbody th a').nth(1);
  const subject = await second.textContent();
  await second.click();
  await page.getByText('opened').first().waitFor();
  await page.waitForLoadState('networkidle');
  holds(
    (await page.textContent('main h1')) === subject,
    'a ticket that was left does not take the place of the next one',
  );
}

/** @param {import('./stage.mjs').Stage} stage */
async function goBack({ page, holds }) {
  await page.getByRole('link', { name: 'Tickets', exact: true }).click();
  await page.getByRole('table').waitFor();
  const filters = async () => {
    await settled(page);
    const values = await page.$$eval('.filters :is(input, select)', (all) =>
      all.map(({ name, value }) => [name, value]),
    );
    return Object.fromEntries(values);
  };
  await page.getByLabel('Status', { exact: true }).selectOption('Open');
  await settled(page);
  await page.getByLabel('Priority', { exact: true }).selectOption('Urgent');
  await settled(page);
  await page.getByRole('searchbox').pressSequentially('par', { delay: 20 });
  await page.waitForURL(/search=par/);
  await page.getByRole('searchbox').pressSequentially('cel', { delay: 20 });
  await page.waitForURL(/search=parcel/);
  const steps = [];
  for (let step = 0; step < 3; step++) {
    steps.push(await filters());
    await page.goBack();
  }
  steps.push(await filters());
  holds(steps[0].search === 'parcel' && steps[1].search === '', 'Back undoes a word that was typed, all of it');
  holds(steps[1].priority === 'urgent' && steps[2].priority === '', 'then a choice');
  holds(steps[2].status === 'open' && steps[3].status === '', 'and the choice before');
  await page.goForward();
  await page.getByLabel('Status', { exact: true }).selectOption('');
  await settled(page);
}

/** @param {import('./stage.mjs').Stage} stage */
async function pressTwice({ page, holds }) {
  await createTicket(page, 'Pressed twice');
  /** @type {string[]} */
  const writes = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') writes.push(`${request.method()} ${request.url()}`);
  });
  await page.getByLabel('New comment').fill('Once only.');
  await page.getByRole('button', { name: 'Add comment' }).dblclick();
  await page.locator('.thread .text', { hasText: 'Once only.' }).waitFor();
  await page.getByRole('button', { name: 'Close ticket' }).dblclick();
  await page.getByRole('button', { name: 'Reopen' }).waitFor();
  holds(writes.length === 2, `what is pressed twice is sent once (${writes.length} writes)`);
}

/** @param {import('./stage.mjs').Stage} stage */
async function leaveEarly({ page, holds }) {
  const address = page.url();
  await page.getByRole('button', { name: 'Reopen' }).click();
  await page.getByRole('link', { name: 'Tickets', exact: true }).click();
  await page.getByText('Open again').waitFor();
  await page.getByRole('table').waitFor();
  await page.waitForLoadState('networkidle');
  holds(
    (await page.textContent('main h1')) === 'Tickets',
    'a change that is stored after its view was left is told, and changes nothing else',
  );
  await page.goto(address);
  await page.getByRole('button', { name: 'Close ticket' }).waitFor();
  holds(true, 'and it is stored');
}
