// `getMany` with five joins: by plain TypeORM with the tenant's conditions in the code, the same once more as a control,
// and in a scope. Says the CPU microseconds of a call, round by round.
import 'reflect-metadata';
import { DataSource, type SelectQueryBuilder } from 'typeorm';
import { ORM_OPTIONS } from '../common/database.js';
import { Comment, Member, Project, Ticket } from '../common/entities.js';

const TENANT = 7;
const [rounds, calls] = process.argv.slice(2).map(Number);
const entities = [Member, Project, Ticket, Comment];
const open = () => new DataSource({ ...ORM_OPTIONS, entities }).initialize();

// Initialised before the library is loaded: nothing attaches to these.
const plain = await open();
const control = await open();
const { declareScope, scoped, MuckModule, Tenancy } = await import('nestjs-muck');
declareScope({ organizationId: Number });
MuckModule.forRoot({
  scope: { organizationId: Number },
  resolver: class {
    resolve = () => undefined;
  },
  entities: entities.map((entity) => scoped(entity)),
});
const enforced = await open();

const list = (dataSource: DataSource): SelectQueryBuilder<Ticket> =>
  dataSource
    .getRepository(Ticket)
    .createQueryBuilder('t')
    .orderBy('t.createdAt', 'DESC')
    .addOrderBy('t.id', 'DESC')
    .limit(25);

function byHand(dataSource: DataSource): SelectQueryBuilder<Ticket> {
  const own = (alias: string) => `${alias}.organizationId = :organizationId`;
  return list(dataSource)
    .leftJoinAndSelect('t.project', 'p', own('p'))
    .leftJoinAndSelect('p.lead', 'l', own('l'))
    .leftJoinAndSelect('t.assignee', 'a', own('a'))
    .leftJoinAndSelect('t.comments', 'c', own('c'))
    .leftJoinAndSelect('c.author', 'u', own('u'))
    .where(own('t'), { organizationId: TENANT });
}

function inScope(dataSource: DataSource): SelectQueryBuilder<Ticket> {
  return list(dataSource)
    .leftJoinAndSelect('t.project', 'p')
    .leftJoinAndSelect('p.lead', 'l')
    .leftJoinAndSelect('t.assignee', 'a')
    .leftJoinAndSelect('t.comments', 'c')
    .leftJoinAndSelect('c.author', 'u');
}

const contestants: Record<string, () => Promise<Ticket[]>> = {
  plain: () => byHand(plain).getMany(),
  control: () => byHand(control).getMany(),
  scoped: () => inScope(enforced).getMany(),
};

await new Tenancy().run({ organizationId: TENANT }, async () => {
  const answers = await Promise.all(Object.values(contestants).map(async (read) => JSON.stringify(await read())));
  if (answers.some((answer) => answer !== answers[0])) throw new Error('the builders do not read the same rows');
  for (const read of Object.values(contestants)) await cpuOf(read, calls);
  const results: Record<string, number>[] = [];
  const order = Object.entries(contestants);
  for (let round = 0; round < rounds; round += 1) {
    const result: Record<string, number> = {};
    for (const [name, read] of order) result[name] = await cpuOf(read, calls);
    results.push(result);
    order.push(...order.splice(0, 1));
  }
  process.send?.(results);
});
await Promise.all([plain, control, enforced].map((dataSource) => dataSource.destroy()));

/** CPU microseconds of a call. */
async function cpuOf(read: () => Promise<unknown>, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) await read();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}
