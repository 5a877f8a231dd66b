// What the platform's administrator may do, and what everybody else sees of it.
// @ts-check
import { enter } from './stage.mjs';

/** @param {import('./stage.mjs').Theatre} theatre */
export async function tellOfPlatform(theatre) {
  const root = await theatre.stage('/#/tickets/1', { name: 'platform' });
  const { page, holds, inspect } = root;
  await page.getByRole('button', { name: 'Platform administrator' }).click();
  await page.getByRole('heading', { name: 'News' }).waitFor();
  await page.getByText('Welcome to the support desk.').waitFor();
  holds(page.url().endsWith('#/news'), 'the platform’s account is led to what it may do');
  holds(!(await page.getByRole('link', { name: 'Tickets', exact: true }).isVisible()), 'and not to tickets');
  const text = `Maintenance is over (${Date.now()}).`;
  await page.getByLabel('To all organizations').fill(text);
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.locator('.rows li', { hasText: text }).waitFor();
  await inspect('news');

  const reader = await theatre.stage('/', { name: 'reader' });
  await enter(reader.page, 'Edsger Dijkstra');
  await reader.page.getByRole('link', { name: 'News', exact: true }).click();
  await reader.page.getByText(text).waitFor();
  holds(
    !(await reader.page.getByRole('button', { name: 'Publish' }).isVisible()),
    'every organization reads it, and writes none',
  );

  await page.getByRole('button', { name: `Change the news “${text}”` }).click();
  await page.getByLabel('Text').fill(`${text} Thank you.`);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.locator('.rows li', { hasText: 'Thank you.' }).waitFor();
  await page.getByRole('button', { name: `Delete the news “${text} Thank you.”` }).click();
  await page.locator('.rows li', { hasText: text }).waitFor({ state: 'detached' });
  holds(true, 'news can be changed and deleted');
  for (const stage of [root, reader]) await stage.page.context().close();
}
