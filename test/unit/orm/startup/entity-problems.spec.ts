import { describe, expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import { problemTexts } from '../../../../lib/orm/startup/entity-problems.js';
import { unconnected } from '../../../support/unconnected.js';

class Base {}
class Middle extends Base {}

/** Entities of classes that extend another one, or none. */
async function entities(base: abstract new () => object, ...names: string[]): Promise<EntityMetadata[]> {
  const schemas = names.map((name) => {
    const target = { [name]: class extends base {} }[name];
    return new EntitySchema({ name, target, columns: { id: { type: Number, primary: true } } });
  });
  const dataSource = await unconnected('sqljs', schemas);
  return schemas.map((schema) => dataSource.getMetadata(schema));
}

const textsOf = (metadatas: readonly EntityMetadata[], ...problems: string[]): string[] =>
  problemTexts(metadatas.flatMap((metadata) => problems.map((text) => ({ metadata, text: metadata.name + text }))));

describe('a problem that entities have from their base class', () => {
  it('is told once, with the topmost class and the names of the entities', async () => {
    expect(textsOf(await entities(Middle, 'Ticket', 'Note'), ' has no key.')).toEqual([
      'Base has no key. It is the base class of 2 entities with this problem: Ticket, Note.',
    ]);
  });

  it('names five of many entities', async () => {
    const five = ['A', 'B', 'C', 'D', 'E'];
    expect(textsOf(await entities(Base, ...five), ' has no key.')).toEqual([
      'Base has no key. It is the base class of 5 entities with this problem: A, B, C, D, E.',
    ]);
    expect(textsOf(await entities(Base, ...five, 'F', 'G'), ' has no key.')).toEqual([
      'Base has no key. It is the base class of 7 entities with this problem: A, B, C, D, E, ….',
    ]);
  });

  it('is told as it is of one entity, once', async () => {
    const [ticket] = await entities(Base, 'Ticket');
    expect(textsOf([ticket], ' has no key.', ' is none.')).toEqual(['Ticket has no key.', 'Ticket is none.']);
    expect(textsOf([ticket, ticket], ' has no key.')).toEqual(['Ticket has no key.']);
  });

  it('of the table that a child entity shares with its parent is told once, as it is', async () => {
    class Shift {}
    const schema = new EntitySchema({ name: 'Shift', target: Shift, columns: { id: { type: Number, primary: true } } });
    const parent = (await unconnected('sqljs', [schema])).getMetadata(Shift);
    const [child] = await entities(Shift, 'Call');
    const text = 'Shift has no key.';
    expect(problemTexts([parent, child].map((metadata) => ({ metadata, text })))).toEqual([text]);
    expect(problemTexts([child, parent].map((metadata) => ({ metadata, text })))).toEqual([text]);
  });

  it('is told apart from others', async () => {
    const [ticket, note] = await entities(Base, 'Ticket', 'Note');
    const problems = [
      { metadata: ticket, text: 'Ticket has no key.' },
      { metadata: note, text: 'Note has no name.' },
      { metadata: note, text: 'a DataSource is closed.' },
    ];
    expect(problemTexts(problems)).toEqual(problems.map(({ text }) => text));
  });
});

it('a problem of entities without a base class is told of each', async () => {
  const schemas = ['Ticket', 'Note'].map(
    (name) => new EntitySchema({ name, columns: { id: { type: Number, primary: true } } }),
  );
  class Plain {}
  const plain = new EntitySchema({ name: 'Plain', target: Plain, columns: { id: { type: Number, primary: true } } });
  const dataSource = await unconnected('sqljs', [...schemas, plain]);
  const metadatas = [...schemas, plain].map((schema) => dataSource.getMetadata(schema));
  const texts = textsOf(metadatas, ' has no key.');
  expect(texts.slice(0, 2)).toEqual(['Ticket has no key.', 'Note has no key.']);
  expect(texts[2]).toBe('Plain has no key.');
});
