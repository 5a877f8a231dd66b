// Two colleagues at one ticket: neither overwrites what the other has done without having seen it.
// @ts-check
import { createTicket, enter } from './stage.mjs';

const LONG_WORD = 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(4);
const HEBREW = 'ההזמנה לא הגיעה (1060)';

/** @typedef {import('./stage.mjs').Stage} Stage */

/** @param {import('./stage.mjs').Theatre} theatre */
export async function tellOfTwoPeople(theatre) {
  const ada = await theatre.stage('/', { name: 'ada' });
  const alan = await theatre.stage('/', { name: 'alan' });
  await enter(ada.page, 'Ada Lovelace');
  await enter(alan.page, 'Alan Turing');
  const address = await createTicket(ada.page, 'Wanted by two');
  await alan.page.goto(address);
  await alan.page.getByRole('button', { name: 'Edit' }).waitFor();
  await changeBoth(ada, alan);
  await tagBoth(ada, alan);
  await resolveBoth(ada, alan);
  await closeBoth(ada, alan);
  await commentLong(ada);
  await deleteWhileEdited(ada, alan);
  await showLongWords(ada);
  for (const { page } of [ada, alan]) await page.context().close();
}

/** @param {Stage} ada @param {Stage} alan */
async function changeBoth({ page: adas }, { page, holds, inspect }) {
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByLabel('Subject').fill('Wanted by Alan');
  await changeSubject(adas, 'Wanted by Ada', 'High');

  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const conflict = page.getByRole('dialog', { name: 'Another user has changed ticket' });
  await conflict.waitFor();
  const cells = await conflict.locator('tbody tr', { hasText: 'Subject' }).locator('td').allTextContents();
  holds(cells.join() === 'Wanted by Ada,Wanted by Alan', 'the stored version stands beside one’s own');
  const priority = await conflict.locator('tbody tr', { hasText: 'Priority' }).locator('td').allTextContents();
  holds(priority.join() === 'High,High', 'what one has not changed oneself stays as it is stored');
  await inspect('conflict');
  await conflict.getByRole('button', { name: 'Go back' }).click();
  const subject = page.getByRole('dialog').getByLabel('Subject');
  holds((await subject.inputValue()) === 'Wanted by Alan', 'going back finds what was typed');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await conflict.getByRole('button', { name: 'Save mine' }).click();
  await page.getByRole('heading', { name: 'Wanted by Alan' }).waitFor();
  holds(
    await page.locator('aside .priority-high').isVisible(),
    'one’s own is saved, and beside it what only the other has changed',
  );

  await adas.reload();
  await changeSubject(adas, 'Wanted by Ada again', 'Low', async () => {
    await changeSubject(page, 'Wanted by Alan again', 'High');
  });
  await adas.getByRole('button', { name: 'Keep the stored version' }).click();
  await adas.getByRole('heading', { name: 'Wanted by Alan again' }).waitFor();
  holds(await adas.locator('aside .priority-high').isVisible(), 'or the stored one is kept');
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} subject
 * @param {string} priority
 * @param {() => Promise<void>} [meanwhile]
 */
async function changeSubject(page, subject, priority, meanwhile) {
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByLabel('Subject').fill(subject);
  await page.getByRole('dialog').getByLabel('Priority').selectOption(priority);
  await meanwhile?.();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  if (meanwhile === undefined) await page.getByRole('heading', { name: subject, exact: true }).waitFor();
}

/** @param {Stage} ada @param {Stage} alan */
async function tagBoth({ page: adas, holds }, { page: alans }) {
  for (const [page, tag] of /** @type {const} */ ([
    [adas, 'billing'],
    [alans, 'bug'],
  ])) {
    await page.getByLabel('Tag to add').selectOption(tag);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
  }
  await alans.getByRole('button', { name: 'Remove the tag bug' }).waitFor();
  await adas.reload();
  await adas.getByRole('button', { name: 'Remove the tag bug' }).waitFor();
  holds(
    await adas.getByRole('button', { name: 'Remove the tag billing' }).isVisible(),
    'two who tag at once keep both tags',
  );
}

/** @param {Stage} ada @param {Stage} alan */
async function resolveBoth({ page: adas }, { page: alans, holds }) {
  for (const [page, text] of /** @type {const} */ ([
    [adas, 'Ada’s way'],
    [alans, 'Alan’s way'],
  ])) {
    await page.getByRole('button', { name: 'Say how' }).click();
    await page.getByLabel('How it ended').fill(text);
  }
  await adas.getByRole('button', { name: 'Save resolution' }).click();
  await adas.locator('.resolution .text').waitFor();
  await alans.getByRole('button', { name: 'Save resolution' }).click();
  const conflict = alans.getByRole('dialog', { name: 'Another user has changed the resolution' });
  await conflict.waitFor();
  const cells = await conflict.locator('tbody td').allTextContents();
  holds(
    cells.join() === 'Ada’s way,Alan’s way',
    'a resolution that another has written first is shown beside one’s own',
  );
  await conflict.getByRole('button', { name: 'Save mine' }).click();
  await alans.locator('.resolution .text', { hasText: 'Alan’s way' }).waitFor();

  await alans.getByRole('button', { name: 'Change', exact: true }).click();
  await alans.getByLabel('How it ended').fill('Alan’s other way');
  await adas.reload();
  await adas.getByRole('button', { name: 'Take back' }).click();
  await adas.getByRole('button', { name: 'Say how' }).waitFor();
  await alans.getByRole('button', { name: 'Save resolution' }).click();
  await conflict.waitFor();
  await conflict.getByRole('button', { name: 'Save mine' }).click();
  await alans.locator('.resolution .text', { hasText: 'Alan’s other way' }).waitFor();
  holds(true, 'one that was taken back while it was changed is written anew');
}

/** @param {Stage} ada @param {Stage} alan */
async function closeBoth({ page: adas }, { page: alans, holds }) {
  /** @type {(string | null)[]} */
  const tags = [];
  alans.on('request', async (request) => {
    if (['PATCH', 'DELETE'].includes(request.method())) tags.push(await request.headerValue('if-match'));
  });
  await adas.reload();
  await adas.getByRole('button', { name: 'Close ticket' }).click();
  await adas.getByRole('button', { name: 'Reopen' }).waitFor();
  await alans.getByRole('button', { name: 'Close ticket' }).click();
  await alans.getByRole('button', { name: 'Reopen' }).waitFor();
  holds(tags.length > 0 && tags.every((tag) => tag !== null), 'what is done to a row names the version that was seen');
  holds(!(await alans.getByRole('dialog').isVisible()), 'two who want the same are asked nothing');
}

/** @param {Stage} stage */
async function commentLong({ page, holds }) {
  for (let number = 1; number <= 22; number++) {
    await page.getByLabel('New comment').fill(`Comment ${number}`);
    await page.getByRole('button', { name: 'Add comment' }).click();
    await page.locator('.thread').getByText(`Comment ${number}`, { exact: true }).waitFor();
  }
  await page.reload();
  await page.getByRole('button', { name: 'Show earlier comments' }).waitFor();
  await page.getByLabel('New comment').fill('Nothing more to add.');
  await page.getByRole('button', { name: 'Add comment' }).click();
  const last = page.locator('.thread li.added', { hasText: 'Nothing more to add.' });
  await last.waitFor();
  const box = await last.boundingBox();
  const isInView = box !== null && box.y >= 0 && box.y + box.height <= (page.viewportSize()?.height ?? 0);
  holds(isInView, 'a comment that was added is in view, however many there are');
}

/** @param {Stage} ada @param {Stage} alan */
async function deleteWhileEdited({ page: adas, inspect }, { page: alans, holds }) {
  await alans.reload();
  await alans.getByRole('button', { name: 'Edit' }).click();
  await alans.getByRole('dialog').getByLabel('Subject').fill('Too late');
  await adas.getByRole('button', { name: 'Delete', exact: true }).first().click();
  await adas.getByText('This ticket is deleted.').waitFor();
  await alans.getByRole('button', { name: 'Save', exact: true }).click();
  await alans.getByText('Another user has deleted this ticket meanwhile.').waitFor();
  holds(
    (await alans.getByRole('dialog').getByLabel('Subject').inputValue()) === 'Too late',
    'what was typed into a ticket that is gone is still there',
  );
  await alans.getByRole('button', { name: 'Cancel' }).click();
  await alans.reload();
  await alans.getByRole('heading', { name: 'No such ticket' }).waitFor();
  holds(
    !(await alans.getByRole('link', { name: 'Deleted', exact: true }).isVisible()),
    'an agent is shown no deleted tickets',
  );

  await adas.reload();
  await adas.getByRole('button', { name: 'Restore' }).waitFor();
  holds(true, 'an administrator can undo a deletion after a reload');
  await adas.getByRole('link', { name: 'Deleted', exact: true }).click();
  const item = adas.locator('.rows li', { hasText: 'Wanted by Alan again' }).first();
  await item.waitFor();
  await inspect('deleted-list');
  await item.getByRole('button', { name: 'Restore' }).click();
  await adas.getByText('restored').waitFor();
  await alans.reload();
  await alans.getByRole('heading', { name: 'Wanted by Alan again' }).waitFor();
  holds(true, 'or from the list of deleted tickets');
}

/** @param {Stage} stage */
async function showLongWords({ page, holds, inspect }) {
  await createTicket(page, LONG_WORD);
  await page.getByLabel('New comment').fill(LONG_WORD);
  await page.getByRole('button', { name: 'Add comment' }).click();
  await page.locator('.thread .text', { hasText: LONG_WORD }).waitFor();
  await inspect('long-words');
  await createTicket(page, HEBREW);
  const direction = await page.evaluate("getComputedStyle(document.querySelector('main h1')).direction");
  holds(direction === 'rtl', 'a text runs in the direction of its script');
  await page.getByRole('link', { name: 'Tickets', exact: true }).click();
  await page.locator('tbody th a', { hasText: HEBREW }).first().waitFor();
  await inspect('long-words-in-list');
}
