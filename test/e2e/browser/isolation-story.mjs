// Isolation as the page shows it: each button sends a real request, and says whether what is promised held.
// @ts-check

/** @param {import('./stage.mjs').Theatre} theatre */
export async function tellOfIsolation(theatre) {
  const { page, holds, inspect } = await theatre.stage('/#/isolation', {
    name: 'isolation',
    // What code is refused is a 500.
    expects: /status of 500/,
  });
  const twins = page.locator('.twin');
  await twins.nth(1).waitFor();
  const organizations = async (/** @type {number} */ index) =>
    new Set(await twins.nth(index).locator('tbody td:last-child').allTextContents());
  holds([...(await organizations(0))].join() === '1', 'Acme gets rows of Acme');
  holds([...(await organizations(1))].join() === '2', 'while Globex gets rows of Globex');
  await page.getByText('No row is in both responses').waitFor();
  const marks = await page.locator('.statement pre mark').allTextContents();
  holds(
    marks.length > 1 && marks.every((mark) => mark.includes('"organizationId"')),
    'by one text, with its predicates marked',
  );
  const parameters = await page.locator('.statement .parameters li', { hasText: 'the tenant' }).first().textContent();
  holds(/= 1 for Acme, 2 for Globex/.test(parameters ?? ''), 'whose parameter alone tells them apart');
  await page.getByLabel('Both ask for').selectOption('The newsfeed, which is shared');
  await page.getByText('this table belongs to no organization').waitFor();
  holds(true, 'a shared table gives both the same');
  await page.getByLabel('Both ask for').selectOption('Tickets, by their order number');
  await page.getByText('No row is in both responses').waitFor();

  for (const direction of ['Ada Lovelace of Acme', 'Grace Hopper of Globex']) {
    await page.getByLabel(direction).check();
    await page.getByRole('button', { name: 'Try all of it' }).click();
    const summary = page.getByText('attempts ended as promised');
    await summary.waitFor();
    const text = (await summary.textContent()) ?? '';
    const [, held, all] = /(\d+) of (\d+)/.exec(text) ?? [];
    holds(held === all && Number(all) >= 20, `${direction}: ${text}`);
    const broken = await page.locator('.verdict.broken').count();
    holds(broken === 0, 'and none of them shows otherwise');
  }
  const raw = page.locator('.attempt').filter({ has: page.getByRole('heading', { name: 'Raw SQL', exact: true }) });
  holds(await raw.getByText('No statement on the tickets was sent.').isVisible(), 'raw SQL never reaches the database');
  await page.locator('.statements summary').first().click();
  await inspect('view');
  await page.context().close();
}
