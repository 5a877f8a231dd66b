import type { ObjectLiteral } from 'typeorm';
import { Random } from '../../support/random.js';
import { longNameOf, MODULES } from './modules.js';
import type { Operation } from './reads.js';
import { sorted } from './reads.js';
import { ACME, uuid } from './rows.js';
import type { World } from './worlds.js';

/** Keys of rows that the operations make: both worlds get the same ones. */
const random = new Random(21);
const keys = Array.from({ length: 60 }, () => uuid(random));

/** All writes, by the ways in which TypeORM writes. Each leaves its rows to the next. */
export function writeOperations(): Operation[] {
  return [
    ...saveOperations(),
    ...statementOperations(),
    ...linkOperations(),
    ...deletions(),
    ...MODULES.slice(0, 8).flatMap((module, m) => moduleOperations(module, m)),
    ...transactions(),
  ];
}

function operation(name: string, run: Operation['run']): Operation {
  return { name, run };
}

/** What a row says of its tenant where nothing else stamps it. */
function owned<R extends ObjectLiteral>(world: World, row: R): R {
  return world.isScoped ? row : { ...row, tenantId: ACME };
}

function one(world: World, entity: string, n = 0, relations: readonly string[] = []): Promise<ObjectLiteral> {
  return world.repo(entity).findOneOrFail({
    where: world.where({ id: world.key(entity, n) }),
    relations: Object.fromEntries(relations.map((relation) => [relation, true])),
    withDeleted: true,
  });
}

function saveOperations(): Operation[] {
  return [
    operation('save a new row', (world) => world.repo('Role').save(owned(world, { id: keys[0], name: 'saved role' }))),
    operation('save a row made by create()', (world) =>
      world.repo('Tag').save(world.repo('Tag').create(owned(world, { id: keys[1], name: 'created tag' }))),
    ),
    operation('save a changed row', async (world) => {
      const row = await one(world, 'User');
      row['firstName'] = 'Changed';
      row['email'] = 'CHANGED@example.com';
      return world.repo('User').save(row);
    }),
    operation('save an unchanged row', async (world) =>
      world.repo('Organization').save(await one(world, 'Organization')),
    ),
    operation('save several rows, of which one is new', async (world) =>
      world
        .repo('Tag')
        .save([
          Object.assign(await one(world, 'Tag'), { color: '#123456' }),
          owned(world, { id: keys[2], name: 'another tag' }),
        ]),
    ),
    operation('save a row with a new one that cascades', (world) =>
      world.repo('Employee').save(
        owned(world, {
          id: keys[3],
          jobTitle: 'Cascade',
          user: owned(world, { id: keys[4], email: 'cascade@example.com' }),
        }),
      ),
    ),
    operation('save a row with links', async (world) =>
      world.repo('Employee').save(
        Object.assign(await one(world, 'Employee', 1, ['tags', 'spokenLanguages']), {
          tags: [{ id: keys[1] }, { id: world.key('Tag') }],
          spokenLanguages: [{ id: world.key('Language', 1) }],
        }),
      ),
    ),
    operation('save a row without its links', async (world) =>
      world.repo('User').save(Object.assign(await one(world, 'User', 1, ['tags']), { tags: [] })),
    ),
    operation('save a relation that is taken away', async (world) =>
      world.repo('User').save(Object.assign(await one(world, 'User', 2, ['role']), { role: null })),
    ),
    operation('save embedded objects in part', async (world) =>
      world.repo('Contact').save({ id: world.key('Contact'), address: { city: 'Lyon' } } as ObjectLiteral),
    ),
    operation('save a child of a table', (world) =>
      world
        .repo('PayrollReviewComment')
        .save(owned(world, { id: keys[5], body: 'fine', score: 4.5, policy: { id: world.key('PayrollPolicy') } })),
    ),
    ...['Department', 'AccountGroup'].map((entity) =>
      operation(`save a row into the tree of ${entity}`, async (world) => {
        const parent = await one(world, entity, 1);
        const { updatedAt: _updated, ...row } = await world
          .repo(entity)
          .save(owned(world, { name: 'leaf', parent }) as ObjectLiteral);
        return { name: row['name'] as string };
      }),
    ),
    operation('preload and save', async (world) =>
      world.repo('Role').save((await world.repo('Role').preload({ id: world.key('Role', 1), name: 'preloaded' }))!),
    ),
    operation('save a row whose key the scope does not know', (world) =>
      world.repo('ImageAsset').save(owned(world, { id: keys[6], url: 'https://example.com/a.png', size: 12.5 })),
    ),
  ];
}

function statementOperations(): Operation[] {
  const update = (world: World, entity: string) =>
    world
      .repo(entity)
      .createQueryBuilder()
      .update()
      .where(world.isScoped ? '1 = 1' : `${world.dataSource.driver.escape('tenantId')} = '${ACME}'`);
  return [
    operation('insert one row', (world) =>
      idsOf(world.repo('Role').insert(owned(world, { id: keys[10], name: 'inserted' }))),
    ),
    operation('insert several rows', (world) =>
      idsOf(
        world
          .repo('ImageAsset')
          .insert([
            owned(world, { id: keys[11], url: 'a', width: 5 }),
            owned(world, { id: keys[12], url: 'b', size: 1.25 }),
          ]),
      ),
    ),
    operation('insert by a query builder', (world) =>
      idsOf(
        world
          .repo('Tag')
          .createQueryBuilder()
          .insert()
          .values([owned(world, { id: keys[13], name: 'built tag' })])
          .execute(),
      ),
    ),
    operation('insert rows whose keys are counted', (world) =>
      idsOf(
        world
          .repo('RolePermission')
          .insert([
            owned(world, { roleId: keys[10], permission: 'read' }),
            owned(world, { roleId: keys[10], permission: 'write', enabled: false }),
          ]),
      ),
    ),
    operation('insert a row that belongs through another one', (world) =>
      idsOf(world.repo('PayrollApproval').insert({ requestId: world.key('PayrollRequest'), step: 9 })),
    ),
    operation('update by a key', (world) =>
      affected(world.repo('User').update(world.key('User', 3), { lastName: 'By key' })),
    ),
    operation('update by conditions', (world) =>
      affected(world.repo('PayrollItem').update(world.where({ isActive: true }), { notes: 'updated' })),
    ),
    operation('update with an expression', (world) =>
      affected(
        update(world, 'PayrollItem')
          .set({ quantity: () => 'quantity + 2' })
          .execute(),
      ),
    ),
    operation('update a json column', (world) =>
      affected(world.repo('PayrollPolicy').update(world.key('PayrollPolicy'), { rules: { level: 1 } })),
    ),
    operation('update a reference', (world) =>
      affected(
        world.repo('PayrollItem').update(world.key('PayrollItem'), {
          category: { id: world.key('PayrollCategory', 1) },
        }),
      ),
    ),
    operation('increment', (world) =>
      affected(world.repo('PayrollItem').increment(world.where({ isActive: true }), 'quantity', 3)),
    ),
    operation('decrement', (world) =>
      affected(world.repo('PayrollItem').decrement({ id: world.key('PayrollItem') }, 'quantity', 1)),
    ),
    operation('upsert a row that is there', async (world) => {
      if (world.kind === 'mariadb') return 'refused, since MariaDB cannot name the key';
      await world.repo('Role').upsert(owned(world, { id: keys[10], name: 'inserted', isSystem: true }), {
        conflictPaths: ['tenantId', 'name'],
      });
      return 'done';
    }),
    operation('upsert a row that is not', async (world) => {
      if (world.kind === 'mariadb') return 'refused, since MariaDB cannot name the key';
      await world.repo('Role').upsert(owned(world, { id: keys[14], name: 'upserted' }), {
        conflictPaths: ['tenantId', 'name'],
      });
      return 'done';
    }),
  ];
}

function linkOperations(): Operation[] {
  const operations: Operation[] = [];
  for (const [entity, relation, target] of [
    ['Employee', 'tags', 'Tag'],
    ['Employee', 'spokenLanguages', 'Language'],
    ['PayrollDocument', 'templates', 'PayrollTemplate'],
    ['InvoiceDocument', 'readers', 'Employee'],
    ['Tag', 'users', 'User'],
    ['TaskCategory', 'industries', 'Industry'],
  ] as const) {
    const builder = (world: World, n: number) =>
      world.manager
        .createQueryBuilder()
        .relation(world.metadata(entity).target as never, relation)
        .of(world.key(entity, n));
    operations.push(
      operation(`take a link of ${entity}.${relation} away and add it again`, async (world) => {
        const [first] = await builder(world, 2).loadMany<ObjectLiteral>();
        const key = (first?.['id'] ?? world.key(target)) as string;
        await builder(world, 2).remove(key);
        await builder(world, 2).add(key);
        return sorted(await builder(world, 2).loadMany());
      }),
      operation(`take all links of ${entity}.${relation} away`, async (world) => {
        const all = await builder(world, 3).loadMany<ObjectLiteral>();
        await builder(world, 3).remove(all.map(({ id }) => id as string));
        return builder(world, 3).loadMany();
      }),
    );
  }
  operations.push(
    operation('set a to-one relation', async (world) => {
      const builder = world.manager
        .createQueryBuilder()
        .relation(world.metadata('PayrollItem').target as never, 'category')
        .of(world.key('PayrollItem', 1));
      await builder.set(world.key('PayrollCategory', 2));
      return builder.loadOne();
    }),
    operation('clear a to-one relation', async (world) => {
      const builder = world.manager
        .createQueryBuilder()
        .relation(world.metadata('PayrollItem').target as never, 'category')
        .of(world.key('PayrollItem', 1));
      await builder.set(null);
      return (await builder.loadOne()) ?? null;
    }),
    operation('add to a list whose key is on the far side', async (world) => {
      const builder = world.manager
        .createQueryBuilder()
        .relation(world.metadata('PayrollCategory').target as never, 'items')
        .of(world.key('PayrollCategory'));
      await builder.add(world.key('PayrollItem', 1));
      return sorted(await builder.loadMany());
    }),
  );
  return operations;
}

function deletions(): Operation[] {
  return [
    operation('soft delete by a key', (world) =>
      affected(world.repo('InvoiceRequest').softDelete(world.key('InvoiceRequest'))),
    ),
    operation('restore by a key', (world) =>
      affected(world.repo('InvoiceRequest').restore(world.key('InvoiceRequest'))),
    ),
    operation('softRemove', async (world) => {
      const row = await world.repo('ExpenseRequest').softRemove(await one(world, 'ExpenseRequest'));
      return row['deletedAt'] !== null;
    }),
    operation('recover', async (world) => world.repo('ExpenseRequest').recover(await one(world, 'ExpenseRequest'))),
    operation('remove', async (world) => {
      await world.repo('TaskComment').remove(await one(world, 'TaskComment'));
      return world.repo('TaskComment').count({ where: world.where() });
    }),
    operation('delete by conditions', (world) =>
      affected(world.repo('PayrollHistory').delete(world.where({ action: 'none' }))),
    ),
    operation('delete by a query builder', (world) =>
      affected(
        world
          .repo('RolePermission')
          .createQueryBuilder()
          .delete()
          .where('roleId = :role', { role: keys[10] })
          .execute(),
      ),
    ),
    operation('delete a row on which others depend by cascade', (world) =>
      affected(world.repo('ProjectRequest').delete(world.key('ProjectRequest', 1))),
    ),
    operation('delete a row that others refer to by SET NULL', (world) =>
      affected(world.repo('GoalCategory').delete(world.key('GoalCategory', 1))),
    ),
    operation('delete a row of another tenant by its key', (world) =>
      world.isScoped
        ? affected(world.repo('Tag').delete('7b1f0a52-0000-4000-8000-0000000000ff'))
        : affected(world.repo('Tag').delete({ id: '7b1f0a52-0000-4000-8000-0000000000ff' })),
    ),
  ];
}

/** The same few writes in each module, whose entities differ in shape. */
function moduleOperations(module: string, m: number): Operation[] {
  const key = keys[20 + m];
  const isCounted = m % 4 === 2;
  return [
    operation(`${module}: insert an item with references`, (world) =>
      idsOf(
        world.repo(`${module}Item`).insert(
          owned(world, {
            ...(isCounted ? {} : { id: key }),
            name: 'fresh',
            unitPrice: 3.25,
            policyId: world.key(`${module}Policy`),
            createdById: world.key('User', 1),
            currencyId: world.key('Currency'),
          }),
        ),
      ),
    ),
    operation(`${module}: save an item with everything that it refers to`, async (world) => {
      const row = await one(world, `${module}Item`, 0, ['tags', 'policy', 'createdBy']);
      return world
        .repo(`${module}Item`)
        .save(Object.assign(row, { name: 'saved', tags: [{ id: world.key('Tag', 1) }] }));
    }),
    operation(`${module}: save a row of the entity with the longest name`, (world) =>
      world.repo(longNameOf(module)).save(
        owned(world, {
          id: keys[30 + m],
          estimatedAmountInTheCurrencyOfTheOrganization: 17.5,
          responsibleManagerOfTheOrganizationDepartmentId: world.key('Employee'),
          employeesWhoMayApproveTheEstimation: [{ id: world.key('Employee', 1) }],
        }),
      ),
    ),
    operation(`${module}: change and delete approvals`, async (world) => [
      await affected(world.repo(`${module}Approval`).update(world.key(`${module}Approval`), { note: 'seen' })),
      await affected(world.repo(`${module}Approval`).delete(world.key(`${module}Approval`, 1))),
    ]),
    operation(`${module}: save a setting, to which a subscriber gives a slug`, (world) =>
      world
        .repo(`${module}Setting`)
        .save(owned(world, { ...((m + 2) % 3 === 1 ? {} : { id: keys[40 + m] }), name: 'New One' })),
    ),
  ];
}

function transactions(): Operation[] {
  return [
    operation('a transaction that is committed', (world) =>
      world.dataSource.transaction(async (manager) => {
        await manager.insert(world.metadata('Role').target, owned(world, { id: keys[50], name: 'in a transaction' }));
        return manager.getRepository<ObjectLiteral>(world.metadata('Role').target).count({ where: world.where() });
      }),
    ),
    operation('a transaction that is rolled back', async (world) => {
      const failure = await world.dataSource
        .transaction(async (manager) => {
          await manager.insert(world.metadata('Role').target, owned(world, { id: keys[51], name: 'undone' }));
          throw new Error('changed its mind');
        })
        .catch((error: Error) => error.message);
      return [failure, await world.repo('Role').count({ where: world.where() })];
    }),
    operation('a query runner of its own', async (world) => {
      const runner = world.dataSource.createQueryRunner();
      try {
        await runner.startTransaction();
        await runner.manager.update(world.metadata('Role').target, world.key('Role'), { name: 'by a runner' });
        await runner.commitTransaction();
      } finally {
        await runner.release();
      }
      return one(world, 'Role');
    }),
  ];
}

async function idsOf(result: Promise<{ identifiers: ObjectLiteral[] }>): Promise<unknown> {
  return (await result).identifiers;
}

/** How many rows a statement has changed, as far as the driver says it. */
async function affected(result: Promise<{ affected?: number | null }>): Promise<unknown> {
  return (await result).affected ?? null;
}
