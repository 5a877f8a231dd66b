import type { SelectQueryBuilder } from 'typeorm';
import { attacks } from '../../support/attack.js';
import { News, Note, Ticket } from '../../support/desk.js';
import type { World } from '../../support/world.js';

/*
 * The text of a builder may be put into another statement, and then it holds the library's own predicate. A predicate that stands
 * somewhere is not a predicate that limits something.
 */

const tickets = (world: World, alias = 't'): SelectQueryBuilder<Ticket> =>
  world.repo(Ticket).createQueryBuilder(alias).select(`${alias}.subject`, 'subject').withDeleted();

/** The predicate that the library wrote for tickets; `otherwise` where it wrote none. */
const predicate = (world: World, otherwise = '1=1'): string =>
  tickets(world).getQuery().split(' WHERE ')[1] ?? otherwise;

const selectFrom = (world: World, source: string): Promise<unknown> =>
  world.dataSource.createQueryBuilder().select('x.subject', 'subject').from(`(${source})`, 'x').getRawMany();

attacks('G-03 the text of a scoped query', {
  'cannot be widened by what is written behind it': (world) =>
    selectFrom(world, `${tickets(world).where('t.id = 0').getQuery()} OR 1=1`),

  'cannot be negated': (world) =>
    selectFrom(world, `SELECT t.subject FROM ticket t WHERE NOT ${predicate(world, '1=0')}`),

  'cannot be compared with false': (world) =>
    selectFrom(world, `SELECT t.subject FROM ticket t WHERE (${predicate(world)}) IN (1=1, 1=0)`),

  'cannot be one of two cases': (world) =>
    selectFrom(world, `SELECT t.subject FROM ticket t WHERE CASE WHEN ${predicate(world)} THEN 1=1 ELSE 1=1 END`),

  'cannot serve as a column': (world) =>
    selectFrom(world, `SELECT t.subject, ${predicate(world)} AS mine FROM ticket t`),

  'cannot serve as an order': (world) =>
    selectFrom(world, `SELECT t.subject FROM ticket t ORDER BY ${predicate(world)}`),

  'cannot serve two parts of a union': (world) =>
    selectFrom(
      world,
      `SELECT t.subject FROM ticket t WHERE ${predicate(world)} AND ${predicate(world)} UNION ALL SELECT t.subject FROM ticket t`,
    ),

  'cannot limit the far side of an outer join alone': (world) =>
    selectFrom(world, `SELECT t.subject FROM ticket t LEFT JOIN news n ON ${predicate(world)}`),

  'cannot be tested on a constant that is named like the tenant column': (world) => {
    const tenant = world.dataSource.driver.escape('organizationId');
    return selectFrom(
      world,
      `SELECT t.subject FROM (SELECT t.subject, 1 AS ${tenant} FROM ticket t) t WHERE ${predicate(world)}`,
    );
  },

  'cannot be tested in a sub-select next to the one that reads': (world) =>
    selectFrom(
      world,
      `SELECT y.subject FROM (SELECT t.subject FROM ticket t) y WHERE EXISTS (SELECT 1 FROM news t2 WHERE 1=1 OR EXISTS ` +
        `(SELECT 1 FROM (SELECT 1 AS ${world.dataSource.driver.escape('organizationId')}) t WHERE ${predicate(world)}))`,
    ),

  'cannot be one side of an exclusive or': {
    attempt: (world) => selectFrom(world, `SELECT t.subject FROM ticket t WHERE ${predicate(world, '1=0')} XOR 1=1`),
    not: { postgres: 'it has no XOR', postgres15: 'it has no XOR', sqljs: 'it has no XOR' },
  },

  'cannot be bound to an operator that is an OR there': {
    attempt: (world) => selectFrom(world, `SELECT t.subject FROM ticket t WHERE ${predicate(world)} || 1=1`),
    not: { postgres: '|| joins texts there', postgres15: '|| joins texts there', sqljs: '|| joins texts there' },
  },

  'cannot be compared onwards': {
    attempt: (world) => selectFrom(world, `SELECT t.subject FROM ticket t WHERE ${predicate(world)} IS NOT NULL`),
    not: {},
  },

  'cannot be hidden in the name of a column': {
    attempt: (world) => {
      const [open, close] = world.dataSource.options.type === 'mariadb' ? ['"', '"'] : ['[', ']'];
      return selectFrom(world, `SELECT t.subject AS subject, 1 AS ${open}${predicate(world)}${close} FROM ticket t`);
    },
    not: { postgres: 'its predicate holds the quotes of names', postgres15: 'its predicate holds the quotes of names' },
  },
});

attacks('G-03 a builder whose parts are changed manually', {
  'reads own rows when its table is replaced by a sub-select of the same alias': (world) => {
    const builder = tickets(world);
    const tenant = world.dataSource.driver.escape('organizationId');
    builder.expressionMap.mainAlias!.subQuery = `(SELECT t.subject, 1 AS ${tenant} FROM ticket t)`;
    return builder.getRawMany();
  },

  'reads own rows when the name of its table is replaced': (world) => {
    const builder = world.repo(News).createQueryBuilder('t').select('t.subject', 'subject');
    Object.assign(builder.expressionMap.mainAlias!, { tablePath: 'ticket' });
    return builder.getRawMany();
  },

  'reads own rows when its own name is replaced after the aliases were made': (world) => {
    const builder = tickets(world).addFrom(News, 'n');
    for (const alias of builder.expressionMap.aliases)
      Object.assign(alias, { type: alias.name === 't' ? 'select' : 'from' });
    Object.assign(builder.expressionMap.aliases[1], { tablePath: undefined, subQuery: `ticket t, (SELECT 1 AS one)` });
    return builder.getRawMany();
  },

  'reads own rows when its alias holds an apostrophe': (world) =>
    world.repo(Ticket).createQueryBuilder("o'b").where("o'b.id > 0 ) OR ( 0 < o'b.id").getMany(),

  'reads own rows of a joined table whose alias holds an apostrophe': (world) => {
    const joined = (condition: string): Promise<unknown> =>
      world
        .repo(News)
        .createQueryBuilder('n')
        .innerJoin(Ticket, "o'b", condition)
        .select(`${world.dataSource.driver.escape("o'b")}.subject`, 'subject')
        .getRawMany();
    return joined("o'b.id > 0 ) OR ( 0 < o'b.id").catch(() => joined('1=1'));
  },

  'reads own rows when names are not quoted': (world) =>
    world.dataSource
      .createQueryBuilder()
      .disableEscaping()
      .select('t.subject', 'subject')
      .from('ticket t, news', 'n')
      .getRawMany(),

  'reads own rows when a hint opens a bracket that the grouping closes': {
    attempt: (world) =>
      world
        .repo(Ticket)
        .createQueryBuilder('t')
        .select('t.subject', 'subject')
        .withDeleted()
        .disableEscaping()
        .useIndex('PRIMARY) WHERE 1=1 OR EXISTS (SELECT 1 FROM news USE INDEX (PRIMARY')
        .groupBy('1)')
        .getRawMany(),
    not: { postgres: 'it has no hints', postgres15: 'it has no hints', sqljs: 'it has no hints' },
  },

  'reads own rows when a selection opens a bracket that the order closes': (world) =>
    world
      .repo(Note)
      .createQueryBuilder('t')
      .select('(SELECT MAX(t.subject) FROM ticket t WHERE EXISTS (SELECT 1')
      .groupBy('1))')
      .getRawMany(),
});
