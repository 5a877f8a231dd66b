import { describe, expect, it } from '@jest/globals';
import { StatementRefusedError } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { SelectQueryBuilder } from 'typeorm';
import { checkBuilderText } from '../../../../lib/orm/query-builders/builder-fragments.js';
import { unconnected } from '../../../support/unconnected.js';

@Entity()
class Agent {
  @PrimaryGeneratedColumn() id!: number;
  @Column() name!: string;
}

/** As TypeORM shortens an alias of more than 63 characters. */
const HASH = '1e5c0ffee0000000000000000000000000000000';
const OTHER = '9abad1dea0000000000000000000000000000000';

describe('a condition that an application writes', () => {
  const over = async (alias: string): Promise<SelectQueryBuilder<Agent>> =>
    (await unconnected('postgres', [Agent])).manager.createQueryBuilder(Agent, alias);
  const check = (builder: SelectQueryBuilder<Agent>, text: string): string =>
    checkBuilderText(builder, text, 'a condition');

  it('may name an alias that TypeORM has replaced by a hash, of which the first sign is a digit', async () => {
    const builder = (await over(HASH)).leftJoin(Agent, OTHER, 'true');
    const text = `${HASH}.name = :name AND ${OTHER}.name = ${HASH}.name`;
    expect(check(builder, text)).toBe(text);
  });

  it('may name such an alias of the builder that it is a sub-query of, and of the one around that', async () => {
    const text = `${HASH}.name = ${OTHER}.name`;
    const outer = (await over(HASH)).subQuery().from(Agent, OTHER);
    const inner = outer.subQuery().from(Agent, 'agent');
    expect(check(outer, text)).toBe(text);
    expect(check(inner, `${text} AND agent.id = 1`)).toBe(`${text} AND agent.id = 1`);
  });

  it('holds nothing else that reads like a number and is none', async () => {
    const builder = await over('agent');
    expect(() => check(builder, `${HASH}.name = :name`)).toThrow(StatementRefusedError);
    expect(() => check(builder, `agent.name = :name AND ${OTHER}.id = 1`)).toThrow(StatementRefusedError);
  });

  it('ends where its brackets do, whatever the aliases are called', async () => {
    const builder = await over(HASH);
    expect(() => check(builder, `${HASH}.id = 1) OR (true`)).toThrow(StatementRefusedError);
    expect(() => check(builder, `${HASH}.id = 1 --`)).toThrow(StatementRefusedError);
  });
});
