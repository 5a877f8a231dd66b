// What isolation costs: CPU time to build a list of 25, and to read it, in a scope against the same builder with the predicate in its own conditions.
// Beside it, as a control, that builder against itself on a connection of its own: what differs there is the noise of the machine.
// Usage: npm run bench:tenancy
import { cpus, loadavg } from 'node:os';
import { DataSource, EntitySchema } from 'typeorm';
import { startEmbeddedPostgres } from '../test/support/embedded-postgres.mjs';

const ROUNDS = 100;
const WARM_UP = 20;
/** Calls in a round; rounds are short, so that what else runs on the machine falls on all alike. */
const BUILDS = 200;
const READS = 100;
const TENANT = 7;

const Organization = new EntitySchema({
  name: 'Organization',
  columns: { id: { type: Number, primary: true }, name: { type: String } },
});
const Member = new EntitySchema({
  name: 'Member',
  columns: {
    id: { type: Number, primary: true, generated: true },
    organizationId: { type: Number },
    email: { type: String },
  },
});
const Ticket = new EntitySchema({
  name: 'Ticket',
  columns: {
    id: { type: Number, primary: true, generated: true },
    organizationId: { type: Number },
    orderNumber: { type: Number },
    subject: { type: String },
    status: { type: String },
    priority: { type: String },
    assigneeId: { type: Number },
    reporterId: { type: Number },
  },
  relations: {
    assignee: { type: 'many-to-one', target: 'Member', joinColumn: { name: 'assigneeId' } },
    reporter: { type: 'many-to-one', target: 'Member', joinColumn: { name: 'reporterId' } },
  },
});

const postgres = await startEmbeddedPostgres();
const databases = {
  'PostgreSQL 18 (embedded)': { type: 'postgres', url: postgres.url },
  'SQLite (sql.js)': { type: 'sqljs' },
};
const options = { entities: [Organization, Member, Ticket], synchronize: true, dropSchema: true };
/** Each has a schema of its own, or a database in memory. */
async function open(database, schema) {
  if (database.type !== 'postgres') return new DataSource({ ...options, ...database }).initialize();
  const maker = await new DataSource({ ...database }).initialize();
  await maker.query(`CREATE SCHEMA ${schema}`);
  await maker.destroy();
  return new DataSource({ ...options, ...database, schema }).initialize();
}

// Initialised before the package is loaded: nothing attaches to these.
const stocks = new Map();
for (const [name, database] of Object.entries(databases)) {
  stocks.set(name, { stock: await open(database, 'stock'), control: await open(database, 'control') });
}
const { declareScope, scoped, shared, MuckModule, Tenancy, tenantFromUser } = await import('nestjs-muck');
declareScope({ organizationId: Number });
MuckModule.forRoot({
  scope: { organizationId: Number },
  resolver: tenantFromUser('organizationId'),
  entities: [shared(Organization, 'not measured'), scoped(Member), scoped(Ticket)],
});
const tenancy = new Tenancy();

/** Two tenants with 50 tickets each. */
async function sow(dataSource) {
  for (const organizationId of [TENANT, TENANT + 1]) {
    const { identifiers } = await dataSource
      .getRepository('Member')
      .insert({ organizationId, email: 'someone@example.com' });
    const [{ id }] = identifiers;
    await dataSource.getRepository('Ticket').insert(
      Array.from({ length: 50 }, (_, i) => ({
        organizationId,
        orderNumber: i,
        subject: `ticket ${i}`,
        status: 'open',
        priority: 'low',
        assigneeId: id,
        reporterId: id,
      })),
    );
  }
}

// As text: into SQLite's statements TypeORM pastes numbers, and a value that is bound costs more. A scope's values are always bound.
const byHand = (alias) => [`${alias}.organizationId = :organizationId`, { organizationId: String(TENANT) }];
const list = (dataSource) => dataSource.createQueryBuilder('Ticket', 't').orderBy('t.id').limit(25);
const shapes = {
  'no joins': {
    byHand: (dataSource) => list(dataSource).where(...byHand('t')),
    scoped: list,
  },
  '2 joins': {
    byHand: (dataSource) =>
      list(dataSource)
        .leftJoinAndSelect('t.assignee', 'a', ...byHand('a'))
        .leftJoinAndSelect('t.reporter', 'r', ...byHand('r'))
        .where(...byHand('t')),
    scoped: (dataSource) => list(dataSource).leftJoinAndSelect('t.assignee', 'a').leftJoinAndSelect('t.reporter', 'r'),
  },
};

/** CPU microseconds of one call of `fn`, over `times` calls. */
async function cpu(fn, times) {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) await fn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

/** As {@link cpu}, of what is no promise: waiting for one would count. */
function cpuSync(fn, times) {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) fn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

/** The median of what differs in each round, and its 95 % interval by rank. */
function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const margin = Math.ceil((1.96 * Math.sqrt(sorted.length)) / 2);
  const middle = Math.floor(sorted.length / 2);
  return { median: sorted[middle], low: sorted[middle - margin], high: sorted[middle + margin] };
}

/** Runs the three in turn, each first, second and last as often as the others. */
async function rounds(measure, { base, control, scoped }, times) {
  const results = [];
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    const result = {};
    const order = [
      ['base', base],
      ['control', control],
      ['scoped', scoped],
    ];
    for (let i = 0; i < 3; i += 1) {
      const [name, fn] = order[(i + round) % 3];
      result[name] = await measure(fn, times);
    }
    if (round >= WARM_UP) results.push(result);
  }
  return results;
}

const number = (value, digits) => value.toFixed(digits).padStart(8);
const interval = ({ low, high }, digits) => `${low.toFixed(digits)} … ${high.toFixed(digits)}`.padEnd(16);

function print(shape, results, compare, digits) {
  const median = (name) => summary(results.map((result) => result[name])).median;
  const added = summary(results.map(({ base, scoped }) => compare(base, scoped)));
  const noise = summary(results.map(({ base, control }) => compare(base, control)));
  console.log(
    `${shape.padEnd(10)} ${number(median('base'), 1)} ${number(median('scoped'), 1)} ${number(added.median, digits)}   ` +
      `${interval(added, digits)} ${number(noise.median, digits)}   ${interval(noise, digits)}`,
  );
}

console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, load ${loadavg()[0].toFixed(1)}; ` +
    `CPU time of the process, medians of ${ROUNDS} interleaved rounds`,
);
for (const [name, database] of Object.entries(databases)) {
  const { stock, control } = stocks.get(name);
  await sow(stock);
  await sow(control);
  const enforced = await open(database, 'enforced');
  await tenancy.unscoped('demo data', () => sow(enforced));
  await tenancy.run({ organizationId: TENANT }, async () => {
    for (const [title, measure, run, times, compare, digits] of [
      [
        'building the statement (getQueryAndParameters), µs',
        cpuSync,
        (b) => b.getQueryAndParameters(),
        BUILDS,
        (a, b) => b - a,
        1,
      ],
      ['reading the list (getMany), µs', cpu, (b) => b.getMany(), READS, (a, b) => b / a, 3],
    ]) {
      console.log(`\n${name}: ${title}`);
      console.log(
        `shape       plain     scoped    ${digits === 1 ? 'added' : 'ratio'}   95 % interval     control   95 % interval`,
      );
      for (const [shape, { byHand: plain, scoped: limited }] of Object.entries(shapes)) {
        print(
          shape,
          await rounds(
            measure,
            {
              base: () => run(plain(stock)),
              control: () => run(plain(control)),
              scoped: () => run(limited(enforced)),
            },
            times,
          ),
          compare,
          digits,
        );
      }
    }
  });
  await stock.destroy();
  await control.destroy();
  await enforced.destroy();
}
await postgres.stop();
