import { expect, it } from '@jest/globals';
import { tokenize } from '../../../../lib/orm/sql/tokenizer.js';
import { parseStatement } from '../../../../lib/orm/sql/table-references.js';
import { readChanges } from '../../../../lib/orm/sql/row-changes.js';
import type { SqlDialect } from '../../../../lib/orm/sql/tokenizer.js';

/** Each change as `table: deletes`, `table: a,b` for the columns that are set, or `table: deletes any`. */
function changesIn(sql: string, dialect: SqlDialect = 'postgres'): string[] {
  const { tokens } = tokenize(sql, dialect);
  return readChanges(tokens, parseStatement(tokens)).map(({ table, deletes, columns }) => {
    const set = columns === undefined ? 'any' : columns.join();
    return `${table}: ${[deletes ? 'deletes' : '', set].filter((part) => part !== '').join(' ')}`;
  });
}

it.each<[string, readonly string[], SqlDialect?]>([
  ['SELECT * FROM ticket', []],
  ['SELECT * FROM ticket FOR UPDATE', []],
  ['DELETE FROM ticket WHERE id = 1', ['ticket: deletes']],
  ['DELETE ticket, note FROM ticket JOIN note ON true', ['ticket: deletes', 'note: deletes'], 'mysql'],
  ['CREATE TABLE note (ticket int REFERENCES ticket (id) ON DELETE CASCADE ON UPDATE CASCADE)', []],
  ['REPLACE INTO ticket VALUES (1)', ['ticket: deletes any'], 'mysql'],
  [`UPDATE ticket SET subject = REPLACE(subject, 'a', 'b')`, ['ticket: subject'], 'mysql'],
  ['UPDATE ticket SET a = 1, B = 2 WHERE c = 3', ['ticket: a,b']],
  [
    'UPDATE ticket SET a = 1 FROM note JOIN tag ON note.b = tag.c WHERE note.d = ticket.d',
    ['ticket: a', 'note: a', 'tag: a'],
  ],
  ['UPDATE ticket SET a = 1 LIMIT (SELECT 1 FROM tag WHERE c = 1)', ['ticket: a'], 'sqlite'],
  ['UPDATE ticket SET a = 1 RETURNING id = 2', ['ticket: a']],
  ['UPDATE ticket SET a = 1 ORDER BY b = 2', ['ticket: a'], 'mysql'],
  ['UPDATE ticket SET a = 1 LIMIT 1', ['ticket: a'], 'mysql'],
  ['UPDATE ticket SET (a, b) = (SELECT 1, 2)', ['ticket: a,b']],
  ['UPDATE ticket SET (a) = (1), (b) = (2)', ['ticket: a,b']],
  ['INSERT INTO ticket (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1', ['ticket: a']],
  ['INSERT INTO ticket (id) VALUES (1) ON DUPLICATE KEY UPDATE a = 1, b = 2', ['ticket: a,b'], 'mysql'],
  [
    'MERGE INTO ticket USING note ON true WHEN MATCHED THEN DELETE',
    ['ticket: deletes any', 'note: deletes any', 'ticket: deletes', 'note: deletes'],
  ],
  ['SELECT merge FROM ticket', []],
  ['SELECT merge', []],
  ['WITH gone AS (DELETE FROM note RETURNING id) SELECT * FROM ticket', ['note: deletes']],
  ['ALTER TABLE note ADD FOREIGN KEY (ticket) REFERENCES ticket ON DELETE CASCADE', []],
  ['ALTER TABLE note ADD FOREIGN KEY (ticket) REFERENCES ticket ON UPDATE CASCADE', []],
  ['REPLACE ticket VALUES (1)', ['ticket: deletes any'], 'mysql'],
  // What is compared within the brackets counts too: rather too many.
  ['UPDATE ticket SET a = (SELECT 1 FROM tag WHERE c = 1), b = 2', ['ticket: a,c,b']],
  ['UPDATE ticket JOIN note ON ticket.a = note.b SET ticket.c = 1', ['ticket: c', 'note: c'], 'mysql'],
])('%s', (...[sql, changes, dialect]) => {
  expect(changesIn(sql, dialect)).toEqual(changes);
});
