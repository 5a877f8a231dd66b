import { expect, it } from '@jest/globals';
import { Tenancy } from 'nestjs-muck';
import { Move } from './depot.js';
import type { Depot } from './depot.js';

/**
 * Writes whose reads would find nothing, or old rows, on a replica that is behind.
 *
 * @param depot an application over a replica that has none of the rows that a test makes until it has ended
 */
export function itWritesByThePrimary(depot: () => Depot): void {
  let count = 0;
  const name = (): string => `name ${(count += 1)}`;
  const made = async (path: string, body: object): Promise<number> => {
    const { status, body: row } = await depot().send('POST', path, body);
    expect({ status, row: row as unknown }).toMatchObject({ status: 201 });
    return row.id as number;
  };

  it('POST answers with the row that it has stored, and GET reads it from the replica', async () => {
    const shelf = await depot().send('POST', '/shelves', { name: name() });
    expect(shelf).toMatchObject({ status: 201, body: { id: expect.any(Number), name: expect.any(String) } });
    expect(await depot().send('GET', `/shelves/${shelf.body.id}`)).toMatchObject({ status: 404 });
    const { items } = (await depot().send('GET', '/shelves?limit=100')).body;
    expect(items).not.toContainEqual(shelf.body);
  });

  it('POST of a row that refers to one that was just made finds it, and not that of another tenant', async () => {
    const shelfId = await made('/shelves', { name: name() });
    expect(await depot().send('POST', '/boxes', { label: 'a', shelfId })).toMatchObject({
      status: 201,
      body: { shelfId },
    });
    expect(await depot().send('POST', '/boxes', { label: 'a', shelfId }, 2)).toMatchObject({ status: 400 });
  });

  it('POST of several rows answers with all of them', async () => {
    const reply = await depot().send('POST', '/boxes', { label: 'single' });
    expect(reply).toMatchObject({ status: 201, body: { label: 'single', version: 1 } });
  });

  it('PATCH compares with the values of the primary, and writes what differs from them', async () => {
    const id = await made('/boxes', { label: 'first' });
    expect(await depot().send('PATCH', `/boxes/${id}`, { label: 'second' })).toMatchObject({
      status: 200,
      body: { label: 'second', version: 2 },
    });
    // To a replica with the first label this would be no change.
    expect(await depot().send('PATCH', `/boxes/${id}`, { label: 'first' })).toMatchObject({
      status: 200,
      body: { label: 'first', version: 3 },
    });
    expect(await depot().send('PATCH', `/boxes/${id}`, { label: 'x' }, 2)).toMatchObject({ status: 404 });
  });

  it('PUT and DELETE find the row that was just made', async () => {
    const id = await made('/boxes', { label: 'first' });
    expect(await depot().send('PUT', `/boxes/${id}`, { label: 'replaced' })).toMatchObject({
      status: 200,
      body: { label: 'replaced' },
    });
    const shelf = await made('/shelves', { name: name() });
    expect(await depot().send('DELETE', `/shelves/${shelf}`)).toMatchObject({ status: 204 });
    expect(await depot().send('DELETE', `/shelves/${shelf}`)).toMatchObject({ status: 404 });
  });

  it('a link is made and taken away between rows that were just made', async () => {
    const box = await made('/boxes', { label: 'linked' });
    const mark = await made('/marks', { name: 'fragile' });
    expect(await depot().send('PUT', `/boxes/${box}/marks/${mark}`)).toMatchObject({ status: 204 });
    expect(await depot().send('DELETE', `/boxes/${box}/marks/${mark}`)).toMatchObject({ status: 204 });
    expect(await depot().send('PUT', `/boxes/${box}/marks/${mark}`, undefined, 2)).toMatchObject({ status: 404 });
    const written = await depot().send('PATCH', `/boxes/${box}`, { marks: [mark] });
    expect(written).toMatchObject({ status: 200 });
  });

  it('a row is made below a parent that was just made, and hooks find it', async () => {
    const box = await made('/boxes', { label: 'parent' });
    expect(await depot().send('POST', `/boxes/${box}/moves`, { text: 'in' })).toMatchObject({
      status: 201,
      body: { boxId: box },
    });
    expect(await depot().send('POST', `/boxes/${box}/moves`, { text: 'in' }, 2)).toMatchObject({ status: 404 });
    expect(await depot().send('PATCH', `/boxes/${box}`, { label: 'moved' })).toMatchObject({ status: 200 });
    const texts = await new Tenancy().run({ organizationId: 1 }, async () => {
      const runner = depot().dataSource.createQueryRunner('master');
      const moves = await runner.manager.findBy(Move, { boxId: box });
      await runner.release();
      return moves.map(({ text }) => text);
    });
    expect(texts).toContain('now moved, committed');
  });

  it('a handler of a POST reads from the primary before it writes and after it', async () => {
    const taken = name();
    await made('/shelves', { name: taken });
    expect(await depot().send('POST', '/own/shelves', { name: taken })).toMatchObject({ status: 409 });
    const free = name();
    expect(await depot().send('POST', '/own/shelves', { name: free })).toMatchObject({
      status: 201,
      body: { before: 0, boxes: 1, after: { name: `${free}, again` } },
    });
  });

  it('a handler of a GET reads from the replica until it writes', async () => {
    const id = await made('/shelves', { name: name() });
    expect(await depot().send('GET', `/own/shelves/${id}/seen`)).toMatchObject({
      status: 200,
      body: { replica: null, primary: { id, name: 'seen' } },
    });
    expect(await depot().send('GET', `/own/shelves/${id}/served`)).toMatchObject({
      status: 200,
      body: { name: 'served' },
    });
  });
}
