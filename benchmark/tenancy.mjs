// What isolation costs: CPU time to build a list of 25, and to read it, in a scope against the same builder with the predicate by hand.
// Usage: npm run bench:tenancy
import { cpus } from 'node:os';
import { DataSource, EntitySchema } from 'typeorm';

const ROUNDS = 60;
const BUILDS = 1000;
const READS = 60;
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

const options = { type: 'sqljs', entities: [Organization, Member, Ticket], synchronize: true };
// Initialised before the package is loaded: nothing attaches to it.
const stock = await new DataSource(options).initialize();
const { declareScope, scoped, shared, MuckModule, Tenancy, tenantFromUser } = await import('nestjs-muck');
declareScope({ organizationId: Number });
MuckModule.forRoot({
  scope: { organizationId: Number },
  resolver: tenantFromUser('organizationId'),
  entities: [shared(Organization, 'not measured'), scoped(Member), scoped(Ticket)],
});
const enforced = await new DataSource(options).initialize();
const tenancy = new Tenancy();

for (const dataSource of [stock, enforced]) {
  await tenancy.unscoped('demo data', async () => {
    for (const organizationId of [TENANT, TENANT + 1]) {
      await dataSource.getRepository('Member').insert({ organizationId, email: 'someone@example.com' });
      const assigneeId = organizationId - TENANT + 1;
      await dataSource.getRepository('Ticket').insert(
        Array.from({ length: 50 }, (_, i) => ({
          organizationId,
          orderNumber: i,
          subject: `ticket ${i}`,
          status: 'open',
          priority: 'low',
          assigneeId,
          reporterId: assigneeId,
        })),
      );
    }
  });
}

const byHand = (alias) => [`${alias}.organizationId = :organizationId`, { organizationId: TENANT }];
const shapes = {
  'no joins': {
    stock: () =>
      stock
        .createQueryBuilder('Ticket', 't')
        .where(...byHand('t'))
        .orderBy('t.id')
        .limit(25),
    scoped: () => enforced.createQueryBuilder('Ticket', 't').orderBy('t.id').limit(25),
  },
  '2 joins': {
    stock: () =>
      stock
        .createQueryBuilder('Ticket', 't')
        .leftJoinAndSelect('t.assignee', 'a', ...byHand('a'))
        .leftJoinAndSelect('t.reporter', 'r', ...byHand('r'))
        .where(...byHand('t'))
        .orderBy('t.id')
        .limit(25),
    scoped: () =>
      enforced
        .createQueryBuilder('Ticket', 't')
        .leftJoinAndSelect('t.assignee', 'a')
        .leftJoinAndSelect('t.reporter', 'r')
        .orderBy('t.id')
        .limit(25),
  },
};

/** CPU microseconds of one call of `fn`, over `times` calls. */
async function cpu(fn, times) {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) await fn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

function cpuSync(fn, times) {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) fn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

function summary(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return { mean, margin: (1.96 * deviation) / Math.sqrt(values.length) };
}

const number = (value, digits = 1) => value.toFixed(digits).padStart(8);
console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, SQLite (sql.js), ${ROUNDS} interleaved rounds, CPU time`,
);

await tenancy.run({ organizationId: TENANT }, async () => {
  console.log('\nbuilding the statement (getQueryAndParameters), µs');
  console.log('shape       by hand    scoped     added   95 % interval');
  for (const [name, { stock: plain, scoped: limited }] of Object.entries(shapes)) {
    const rounds = [];
    for (let round = 0; round < ROUNDS + 5; round += 1) {
      const a = cpuSync(() => plain().getQueryAndParameters(), BUILDS);
      const b = cpuSync(() => limited().getQueryAndParameters(), BUILDS);
      if (round >= 5) rounds.push([a, b]);
    }
    const added = summary(rounds.map(([a, b]) => b - a));
    console.log(
      `${name.padEnd(10)} ${number(summary(rounds.map(([a]) => a)).mean)}  ${number(summary(rounds.map(([, b]) => b)).mean)}  ${number(added.mean)}   ± ${added.margin.toFixed(1)}`,
    );
  }

  console.log('\nreading the list (getMany), µs');
  console.log('shape       by hand    scoped     ratio   95 % interval');
  for (const [name, { stock: plain, scoped: limited }] of Object.entries(shapes)) {
    const rounds = [];
    for (let round = 0; round < ROUNDS + 5; round += 1) {
      const a = await cpu(() => plain().getMany(), READS);
      const b = await cpu(() => limited().getMany(), READS);
      if (round >= 5) rounds.push([a, b]);
    }
    const ratio = summary(rounds.map(([a, b]) => b / a));
    console.log(
      `${name.padEnd(10)} ${number(summary(rounds.map(([a]) => a)).mean)}  ${number(summary(rounds.map(([, b]) => b)).mean)}  ${number(ratio.mean, 3)}   ± ${ratio.margin.toFixed(3)}`,
    );
  }
});
await stock.destroy();
await enforced.destroy();
