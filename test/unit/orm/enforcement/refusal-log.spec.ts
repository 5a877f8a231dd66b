import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { RefusalLog } from '../../../../lib/orm/enforcement/refusal-log.js';

describe('raw SQL that is refused is logged', () => {
  const { warn } = Logger.prototype;
  let lines: string[];
  beforeEach(() => {
    lines = [];
    Logger.prototype.warn = (line: string) => void lines.push(line);
  });
  afterEach(() => void (Logger.prototype.warn = warn));

  it('once for each text, with what to do instead', () => {
    const log = new RefusalLog();
    for (const sql of ['SELECT 1', 'SELECT 2', 'SELECT 1']) log.log(sql, 'it reads. Use a builder.');
    expect(lines).toEqual(
      ['SELECT 1', 'SELECT 2'].map((sql) => `Raw SQL is refused: it reads. Use a builder. The statement: ${sql}`),
    );
  });

  it('by its first 300 characters', () => {
    const log = new RefusalLog();
    const text = 'x'.repeat(300);
    log.log(text, 'no.');
    log.log(`${text}y`, 'no.');
    expect(lines).toEqual([`Raw SQL is refused: no. The statement: ${text}`]);
    log.log(`${'z'.repeat(300)}!`, 'no.');
    expect(lines[1]).toBe(`Raw SQL is refused: no. The statement: ${'z'.repeat(300)} …`);
  });

  it('remembers the last thousand texts, and forgets older ones', () => {
    const log = new RefusalLog();
    for (let i = 0; i < 1000; i += 1) log.log(`SELECT ${i}`, 'no.');
    log.log('SELECT 0', 'no.');
    expect(lines).toHaveLength(1000);
    for (let i = 1000; i < 2001; i += 1) log.log(`SELECT ${i}`, 'no.');
    for (let i = 1001; i < 2001; i += 1) log.log(`SELECT ${i}`, 'no.');
    expect(lines).toHaveLength(2001);
    log.log('SELECT 1', 'no.');
    expect(lines).toHaveLength(2002);
  });
});
