// What a person does at the desk, from signing in to signing out, and what must not be seen of the other organization meanwhile.
// @ts-check
import { focused, freeOrderNumber, settled } from './stage.mjs';

/** The two organizations, whose tickets have the same order numbers. `foreign` is a ticket of the other one. */
export const DESKS = [
  {
    name: 'Acme',
    person: 'Ada Lovelace',
    colleague: 'Alan Turing',
    tag: 'anvils',
    foreign: 61,
    marks: ['Acme', 'acme.example', 'Ada Lovelace', 'Alan Turing', 'anvils', 'rockets', 'Anvil arrived', 'Bird seed'],
  },
  {
    name: 'Globex',
    person: 'Grace Hopper',
    colleague: 'Edsger Dijkstra',
    tag: 'reactors',
    foreign: 1,
    marks: ['Globex', 'globex.example', 'Grace Hopper', 'Dijkstra', 'reactors', 'Weather machine', 'Solar farm'],
  },
];

/** The same in both organizations: neither may notice that the other has it too. */
const NEW_ORDER = freeOrderNumber();
const NEW_SUBJECT = 'Catalogue is printed upside down';

/**
 * @typedef {typeof DESKS[number]} Desk
 * @typedef {import('./stage.mjs').Stage} Stage
 */

/**
 * Plays the whole story.
 *
 * @param {Stage} stage `inspect` looks at the page as it is
 * @param {Desk} desk
 */
export async function tellStory(stage, desk) {
  await signIn(stage, desk);
  const all = await lookAround(stage, desk);
  await openTicket(stage, desk);
  await followTicket(stage, desk);
  await deleteAndRestore(stage, all);
  await tryForeign(stage, desk);
  await signOut(stage, desk);
}

/** @param {Stage} stage @param {Desk} desk */
async function signIn({ page, holds, inspect }, { name, person }) {
  await inspect('sign-in');
  await page.getByLabel('Email').fill('nobody@nowhere.example');
  await page.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('The address or the password is wrong.').waitFor();
  await page.getByRole('button', { name: person }).click();
  await page.getByRole('table').waitFor();
  holds((await page.textContent('#organization')) === name, `${person} comes in to ${name}`);
  holds((await focused(page)) === 'Tickets', 'and is at the heading of the list');
}

/** @param {Stage} stage @param {Desk} desk */
async function lookAround({ page, holds, inspect }, { colleague, tag }) {
  const all = await count(page);
  holds(all >= 58, `the list has ${all} tickets`);
  await inspect('list');

  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText(`21–40 of ${all}`).waitFor();
  holds((await focused(page)) === 'Tickets', 'the next page begins at its heading');
  await page.getByRole('button', { name: 'Previous' }).click();
  await page.getByText(`1–20 of ${all}`).waitFor();

  await page.getByRole('button', { name: 'Order' }).press('Enter');
  await page.locator('th[aria-sort="ascending"]', { hasText: 'Order' }).waitFor();
  holds((await focused(page)).startsWith('Order'), 'sorting by keyboard leaves the keyboard where it was');
  holds((await page.locator('tbody td').first().textContent()) === '1001', 'the lowest order number is the first');

  for (const [label, choice] of [
    ['Status', 'Open'],
    ['Priority', 'Urgent'],
    ['Assignee', colleague],
    ['Assignee', 'Nobody'],
    ['Tag', tag],
  ]) {
    await page.getByLabel(label, { exact: true }).selectOption(choice);
    await settled(page);
    const found = await count(page);
    holds(found > 0 && found < all, `${label} “${choice}” leaves ${found} of ${all}`);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await settled(page);
  }
  await page.getByRole('searchbox').fill('PARCEL');
  await page.locator('.summary p', { hasNotText: new RegExp(`^${all} `) }).waitFor();
  const subjects = await page.locator('tbody th a').allTextContents();
  holds(
    subjects.length > 0 && subjects.every((subject) => /parcel/i.test(subject)),
    'search finds subjects in any case',
  );
  await page.getByRole('searchbox').fill('there is no such subject');
  await page.getByText('No ticket fits what you ask for.').waitFor();
  await inspect('nothing-found');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await settled(page);
  return all;
}

/** @param {Stage} stage @param {Desk} desk */
async function openTicket({ page, holds, inspect }, { colleague }) {
  await page.getByRole('button', { name: 'New ticket' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Order number').fill('many');
  await dialog.getByRole('button', { name: 'Create ticket' }).click();
  await dialog.getByText('Order number must be a whole number').waitFor();
  holds((await focused(page)) === 'subject', 'the first field with a problem is where the keyboard is');
  holds(await dialog.getByText('Subject must have 1 to 200 characters').isVisible(), 'problems stand at their fields');
  await inspect('new-ticket');

  await dialog.getByLabel('Subject').fill(NEW_SUBJECT);
  await dialog.getByLabel('Order number').fill('1001');
  await dialog.getByRole('button', { name: 'Create ticket' }).click();
  await dialog.getByText('Order number must be unique').waitFor();
  await dialog.getByLabel('Order number').fill(NEW_ORDER);
  await dialog.getByLabel('Assignee').selectOption(colleague);
  await dialog.getByRole('button', { name: 'Create ticket' }).click();
  await page.getByRole('heading', { name: NEW_SUBJECT }).waitFor();
  await page.getByText(`Ticket ${NEW_ORDER}, opened`).waitFor();
  holds((await focused(page)) === NEW_SUBJECT, 'a new ticket opens at its heading');
}

/** @param {Stage} stage @param {Desk} desk */
async function followTicket({ page, holds, inspect }, { person, tag }) {
  await page.getByRole('button', { name: 'Add comment' }).click();
  await page.getByText('New comment must have 1 to 5000 characters').waitFor();
  await page.getByLabel('New comment').fill('Turned it round.\n<b>Fits now.</b>');
  await page.getByRole('button', { name: 'Add comment' }).click();
  await page.locator('.thread .text', { hasText: '<b>Fits now.</b>' }).waitFor();
  holds(
    (await page.locator('.thread .byline b').textContent()) === person,
    'a comment shows its author, and stays text',
  );

  await page.getByLabel('Tag to add').selectOption(tag);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('button', { name: `Remove the tag ${tag}` }).waitFor();

  await page.getByRole('button', { name: 'Say how' }).click();
  await page.getByLabel('How it ended').fill('Printed anew.');
  await page.getByRole('button', { name: 'Save resolution' }).click();
  await page.locator('.resolution .text', { hasText: 'Printed anew.' }).waitFor();
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByLabel('How it ended').fill('Printed anew, this time the right way up.');
  await page.getByRole('button', { name: 'Save resolution' }).click();
  await page.locator('.resolution .text', { hasText: 'right way up' }).waitFor();

  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByLabel('Priority').selectOption('High');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('priority: normal → high').waitFor();
  await page.getByRole('button', { name: 'Close ticket' }).press('Enter');
  await page.getByText('status: open → closed').waitFor();
  holds((await focused(page)) === 'Reopen', 'closing by keyboard leaves the keyboard at what undoes it');
  await inspect('ticket');
  await page.getByRole('button', { name: 'Reopen' }).click();
  await page.getByText('status: closed → open').waitFor();
  await page.getByRole('button', { name: `Remove the tag ${tag}` }).click();
  await page.getByText('None', { exact: true }).waitFor();
  const events = await page.locator('.history li').count();
  holds(events >= 4, `the history tells all of it (${events} entries)`);
}

/** @param {Stage} stage @param {number} all the tickets there were before the one that is deleted here */
async function deleteAndRestore({ page, holds, inspect }, all) {
  await page.getByRole('button', { name: 'Delete', exact: true }).first().click();
  await page.getByText('This ticket is deleted.').waitFor();
  holds((await focused(page)) === 'Restore', 'what is deleted can be restored from where the keyboard is');
  await inspect('deleted');
  await page.getByRole('button', { name: 'Restore' }).click();
  await page.getByText('restored it').waitFor();
  holds(await page.getByText('right way up').isVisible(), 'and comes back with all that hangs on it');

  await page.getByRole('button', { name: 'Delete', exact: true }).first().click();
  await page.getByText('This ticket is deleted.').waitFor();
  const here = page.url();
  await page.goto(`${new URL(here).origin}/#/`);
  await page.getByRole('table').waitFor();
  holds((await count(page)) === all, 'a deleted ticket is in no list');
  await page.goto(here);
  await page.getByRole('button', { name: 'Restore' }).waitFor();
  holds(!(await page.getByText('right way up').isVisible()), 'and reads as missing but to those who may restore it');
}

/** @param {Stage} stage @param {Desk} desk */
async function tryForeign({ page, holds }, { foreign }) {
  const origin = new URL(page.url()).origin;
  /** @param {number} id */
  const shown = async (id) => {
    await page.goto(`${origin}/#/`);
    await page.getByRole('table').waitFor();
    await page.goto(`${origin}/#/tickets/${id}`);
    await page.getByRole('heading', { name: 'No such ticket' }).waitFor();
    return page.locator('main').innerHTML();
  };
  holds((await shown(foreign)) === (await shown(2_000_000_000)), 'a foreign ticket looks as one that never was');
}

/** @param {Stage} stage @param {Desk} desk */
async function signOut({ page, holds }, { marks }) {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You have signed out.').waitFor();
  const kept = await page.evaluate(
    'JSON.stringify({ ...sessionStorage, ...localStorage }) + location.href + document.cookie',
  );
  const left = `${kept}${await page.locator('#bar').innerHTML()}`;
  holds(
    marks.every((mark) => !left.includes(mark)),
    'signing out leaves nothing behind',
  );
}

/** The number of tickets that the list says it has. @param {import('playwright-core').Page} page */
async function count(page) {
  return Number.parseInt((await page.locator('.summary p').textContent()) ?? '', 10);
}
