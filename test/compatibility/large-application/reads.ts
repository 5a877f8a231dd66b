import { table } from 'nestjs-muck';
import { Between, Brackets, ILike, In, IsNull, LessThan, Like, MoreThan, MoreThanOrEqual, Not, Raw } from 'typeorm';
import type { FindManyOptions, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { longNameOf, MODULES } from './modules.js';
import { ACME, GLOBEX } from './rows.js';
import { tenancy, type World } from './worlds.js';

/** Something that an application asks of TypeORM, the same in both worlds. */
export interface Operation {
  readonly name: string;
  run(world: World): Promise<unknown>;
}

type Builder = SelectQueryBuilder<ObjectLiteral>;

/** Entities of each shape: bases, owners, keys, inheritance, trees, long names. */
const SCOPED = [
  'Employee',
  'User',
  'PayrollItem',
  'ExpenseItem',
  'InvoiceRequest',
  'TaskCategory',
  'DealPolicy',
  'PayrollComment',
  'ProjectReviewComment',
  'Contact',
  longNameOf('Warehouse'),
] as const;

/** All reads, by the ways in which TypeORM reads. */
export function readOperations(): Operation[] {
  return [
    ...SCOPED.flatMap(findOperations),
    ...SCOPED.flatMap(builderOperations),
    ...relationOperations(),
    ...joinOperations(),
    ...subqueryOperations(),
    ...otherOperations(),
  ];
}

function operation(name: string, run: Operation['run']): Operation {
  return { name, run };
}

/** Ordered, so that two databases give the same list. */
function findAll(world: World, entity: string, options: FindManyOptions<ObjectLiteral> = {}): Promise<ObjectLiteral[]> {
  return world.repo(entity).find({ order: { id: 'ASC' }, ...options, where: world.where(options.where) });
}

function findOperations(entity: string): Operation[] {
  return [
    operation(`find ${entity}`, (world) => findAll(world, entity)),
    operation(`findAndCount a page of ${entity}`, (world) =>
      world.repo(entity).findAndCount({ where: world.where(), order: { id: 'DESC' }, take: 2, skip: 1 }),
    ),
    operation(`findOne ${entity} by its key`, (world) =>
      world.repo(entity).findOne({ where: world.where({ id: world.key(entity, 1) }) }),
    ),
    operation(`findOneBy gives null for a row of ${entity} that is not the tenant's`, (world) =>
      world.repo(entity).findOneBy(world.where({ id: world.sown.key(world.metadata(entity), GLOBEX) })),
    ),
    operation(`count and exists of ${entity}`, async (world) => [
      await world.repo(entity).count({ where: world.where({ isActive: true }) }),
      await world.repo(entity).exists({ where: world.where({ isActive: Not(true) }) }),
    ]),
    operation(`find ${entity} by several alternatives`, (world) =>
      world.repo(entity).find({
        where: [world.where({ id: world.key(entity) }), world.where({ archivedAt: Not(IsNull()) })],
        order: { createdAt: 'ASC', id: 'ASC' },
        withDeleted: true,
      }),
    ),
  ];
}

function builderOperations(entity: string): Operation[] {
  const start = (world: World): Builder => world.limit(world.repo(entity).createQueryBuilder('row'), 'row.tenantId');
  return [
    operation(`getMany of ${entity} with brackets`, (world) =>
      start(world)
        .andWhere(
          new Brackets((inner) => inner.where('row.isActive = :on', { on: true }).orWhere('row.archivedAt IS NULL')),
        )
        .orderBy('row.id')
        .getMany(),
    ),
    operation(`getRawMany of ${entity} by group`, (world) =>
      start(world)
        .select('row.isActive', 'active')
        .addSelect('COUNT(*)', 'number')
        .groupBy('row.isActive')
        .having('COUNT(*) > :least', { least: 0 })
        .orderBy('row.isActive')
        .getRawMany(),
    ),
    operation(`getCount and getExists of ${entity}`, async (world) => [
      await start(world).andWhere('row.archivedAt IS NOT NULL').getCount(),
      await start(world).getExists(),
    ]),
  ];
}

function relationOperations(): Operation[] {
  const withRelations = (entity: string, relations: object, extra: object = {}): Operation[] =>
    (['join', 'query'] as const).map((strategy) =>
      operation(`find ${entity} with ${JSON.stringify(relations)} by ${strategy}`, async (world) =>
        sorted(await findAll(world, entity, { relations: relations, relationLoadStrategy: strategy, ...extra })),
      ),
    );
  const modules = ['Payroll', 'Invoice', 'Expense', 'Project'] as const;
  return [
    ...withRelations('Employee', { user: { role: true, tags: true }, contact: true }),
    ...withRelations('Employee', { tags: true, spokenLanguages: true }),
    ...withRelations('Employee', {
      responsibleManagerOfTheOrganizationDepartment: { user: { image: true } },
      substituteDuringPlannedAndUnplannedAbsences: { responsibleManagerOfTheOrganizationDepartment: true },
    }),
    ...withRelations('Organization', { languages: true, tags: true, image: true, country: true }),
    ...withRelations('User', { employee: true, tags: { organization: true } }, { withDeleted: true }),
    ...modules.flatMap((module) => [
      ...withRelations(`${module}Request`, { item: { category: true, policy: true }, templates: true, watchers: true }),
      ...withRelations(`${module}Item`, { category: { parent: true }, tags: true, languages: true, createdBy: true }),
      ...withRelations(`${module}Document`, { templates: true, readers: { user: true }, documentKind: true }),
      ...withRelations(longNameOf(module), {
        responsibleManagerOfTheOrganizationDepartment: { responsibleManagerOfTheOrganizationDepartment: true },
        employeesWhoMayApproveTheEstimation: true,
        itemThatIsEstimatedForTheOrganizationProject: { category: true },
      }),
    ]),
    ...withRelations('PayrollPolicy', { setting: { organization: true } }),
    operation('find rows by a column of a related row', (world) =>
      findAll(world, 'PayrollRequest', { where: { requestedBy: { user: { email: Like('%user%') } } } }),
    ),
    operation('find rows by a row that they are linked to', async (world) =>
      sorted(await findAll(world, 'PayrollItem', { where: { tags: { name: Like('%tag%') } } })),
    ),
    operation('find scoped rows by a shared row that they are linked to', async (world) =>
      sorted(await findAll(world, 'Employee', { where: { spokenLanguages: { code: Like('c%') } } })),
    ),
    operation('order by a column of a related row', (world) =>
      findAll(world, 'PayrollItem', {
        relations: { category: true },
        order: { category: { name: 'DESC' }, id: 'ASC' },
      }),
    ),
    operation('a page with joins', (world) =>
      world.repo('Employee').findAndCount({
        where: world.where(),
        relations: { tags: true, user: true },
        order: { id: 'ASC', tags: { id: 'ASC' } },
        take: 2,
        skip: 1,
      }),
    ),
    operation('loadRelationIds', async (world) =>
      sorted(await findAll(world, 'Employee', { loadRelationIds: { relations: ['tags', 'spokenLanguages'] } })),
    ),
    operation('without eager relations', (world) => findAll(world, 'User', { loadEagerRelations: false })),
    operation('chosen columns of rows and of related rows', (world) =>
      findAll(world, 'Employee', {
        select: { id: true, jobTitle: true, user: { id: true, email: true } },
        relations: { user: true },
      }),
    ),
    operation('a column that is not selected by default', (world) =>
      findAll(world, 'User', { select: { id: true, passwordHash: true } }),
    ),
    operation('deleted rows too', (world) => findAll(world, 'PayrollRequest', { withDeleted: true })),
  ];
}

function joinOperations(): Operation[] {
  const start = (world: World, entity: string): Builder =>
    world.limit(world.repo(entity).createQueryBuilder('row'), 'row.tenantId').orderBy('row.id');
  const operations: Operation[] = [];
  for (const [entity, property] of [
    ['Employee', 'tags'],
    ['Employee', 'spokenLanguages'],
    ['PayrollDocument', 'templates'],
    ['InvoiceDocument', 'templates'],
    ['InvoiceTemplate', 'tags'],
    ['TaskCategory', 'industries'],
    ['PayrollItem', 'requests'],
  ] as const) {
    operations.push(
      operation(`left join ${entity}.${property}`, async (world) =>
        sorted(await start(world, entity).leftJoinAndSelect(`row.${property}`, 'far').getMany()),
      ),
      operation(`inner join ${entity}.${property} with a condition`, async (world) =>
        sorted(
          await start(world, entity)
            .innerJoinAndSelect(`row.${property}`, 'far', 'far.isActive = :on', { on: true })
            .getMany(),
        ),
      ),
      operation(`where over ${entity}.${property}`, async (world) =>
        sorted(
          await start(world, entity).leftJoin(`row.${property}`, 'far').andWhere('far.archivedAt IS NULL').getMany(),
        ),
      ),
      operation(`loadRelationIdAndMap of ${entity}.${property}`, async (world) =>
        sorted(await start(world, entity).loadRelationIdAndMap('row.ids', `row.${property}`).getMany()),
      ),
    );
  }
  for (const [entity, property] of [
    ['PayrollTemplate', 'tags'],
    ['Language', 'employees'],
    ['Industry', 'taskCategories'],
    ['PayrollTemplate', 'documents'],
    ['ProjectCategory', 'items'],
  ] as const) {
    operations.push(
      operation(`join the tenant's rows from shared ones over ${entity}.${property}`, async (world) =>
        sorted(
          await world
            .repo(entity)
            .createQueryBuilder('row')
            .leftJoinAndSelect(`row.${property}`, 'far', world.on('far.tenantId'))
            .getMany(),
        ),
      ),
    );
  }
  operations.push(
    operation('join shared rows from shared ones', async (world) =>
      sorted(await world.repo('Feature').find({ relations: { languages: true, children: true } })),
    ),
    operation('join an entity by a condition', (world) =>
      start(world, 'Employee')
        .innerJoinAndMapOne('row.account', world.metadata('User').target as never, 'account', 'account.id = row.userId')
        .getMany(),
    ),
    operation('two tables in one from', (world) =>
      world
        .limit(
          world.limit(
            world.manager
              .createQueryBuilder()
              .select('employee.id', 'id')
              .addSelect('owner.email', 'email')
              .from(world.metadata('Employee').target as never, 'employee')
              .addFrom(world.metadata('User').target as never, 'owner')
              .where('owner.id = employee.userId'),
            'employee.tenantId',
          ),
          'owner.tenantId',
        )
        .orderBy('employee.id')
        .getRawMany(),
    ),
  );
  return operations;
}

function subqueryOperations(): Operation[] {
  return [
    operation('a sub-query in a condition', (world) =>
      world
        .limit(world.repo('Employee').createQueryBuilder('row'), 'row.tenantId')
        .andWhere((outer: Builder) => {
          const inner = world.limit(
            outer
              .subQuery()
              .select('r.requestedById')
              .from(world.metadata('PayrollRequest').target as never, 'r')
              .where('1 = 1'),
            'r.tenantId',
          );
          return `row.id IN ${inner.getQuery()}`;
        })
        .orderBy('row.id')
        .getMany(),
    ),
    operation('rows for which a sub-query finds one', (world) =>
      world
        .limit(world.repo('TaskCategory').createQueryBuilder('row'), 'row.tenantId')
        .andWhereExists(world.repo('TaskItem').createQueryBuilder('item').where('item.categoryId = row.id') as never)
        .orderBy('row.id')
        .getMany(),
    ),
    operation('a common table expression', (world) =>
      world.manager
        .createQueryBuilder()
        .addCommonTableExpression(
          world.limit(
            world
              .repo('PayrollItem')
              .createQueryBuilder('i')
              .select('i.id', 'id')
              .addSelect('i.quantity', 'quantity')
              .where('1 = 1'),
            'i.tenantId',
          ),
          'chosen_items',
        )
        .select('COUNT(*)', 'number')
        .addSelect('SUM(chosen.quantity)', 'sum')
        .from('chosen_items', 'chosen')
        .getRawOne(),
    ),
    operation('a sub-query as a table', (world) =>
      world.manager
        .createQueryBuilder()
        .select('COUNT(*)', 'number')
        .from(
          (inner) =>
            world.limit(
              inner
                .select('u.roleId', 'role')
                .from(world.metadata('User').target as never, 'u')
                .where('u.deletedAt IS NULL'),
              'u.tenantId',
            ),
          'users',
        )
        .where('users.role IS NOT NULL')
        .getRawOne(),
    ),
    operation('a sub-query as a column', (world) =>
      world
        .limit(
          world
            .repo('PayrollPolicy')
            .createQueryBuilder('row')
            .select('row.id', 'id')
            .addSelect(
              (inner) =>
                inner
                  .select('COUNT(*)')
                  .from(world.metadata('PayrollItem').target as never, 'i')
                  .where('i.policyId = row.id'),
              'items',
            )
            .where('1 = 1'),
          'row.tenantId',
        )
        .orderBy('row.id')
        .getRawMany(),
    ),
    operation('a report that is written in SQL', (world) => {
      const escape = (name: string): string => world.dataSource.driver.escape(name);
      const rows = world.isScoped
        ? tenancy.sql(
            world.manager,
          )`SELECT p.kind, count(*) AS number FROM ${table(world.metadata('PayrollPolicy').target, 'p')} GROUP BY p.kind ORDER BY p.kind`
        : world.dataSource.query(
            `SELECT p.kind, count(*) AS number FROM payroll_policy p WHERE p.${escape('tenantId')} = '${ACME}' GROUP BY p.kind ORDER BY p.kind`,
          );
      return rows;
    }),
  ];
}

function otherOperations(): Operation[] {
  const numbers = (method: 'sum' | 'average' | 'minimum' | 'maximum') =>
    operation(`${method} of a column`, (world) => world.repo('PayrollItem')[method]('quantity', world.where()));
  const trees = ['Department', 'AccountGroup'].flatMap((entity) => [
    operation(`roots of ${entity}`, async (world) =>
      mine(await world.dataSource.getTreeRepository(world.metadata(entity).target).findRoots()),
    ),
    operation(`trees of ${entity}`, async (world) =>
      mine(await world.dataSource.getTreeRepository(world.metadata(entity).target).findTrees()),
    ),
    operation(`rows below one of ${entity}`, async (world) => {
      const tree = world.dataSource.getTreeRepository<ObjectLiteral>(world.metadata(entity).target);
      const row = await tree.findOneByOrFail(world.where({ id: world.key(entity) }));
      return [
        sorted(await tree.findDescendants(row)),
        await tree.countDescendants(row),
        await tree.findDescendantsTree(row),
      ];
    }),
    operation(`rows above one of ${entity}`, async (world) => {
      const tree = world.dataSource.getTreeRepository<ObjectLiteral>(world.metadata(entity).target);
      const row = await tree.findOneByOrFail(world.where({ id: world.key(entity, 3) }));
      return [sorted(await tree.findAncestors(row)), await tree.countAncestors(row), await tree.findAncestorsTree(row)];
    }),
  ]);
  return [
    numbers('sum'),
    numbers('average'),
    numbers('minimum'),
    numbers('maximum'),
    ...trees,
    ...MODULES.slice(0, 6).flatMap((module) => [
      operation(`find ${module}Approval, which belongs to a tenant through its request`, (world) =>
        world.repo(`${module}Approval`).find({
          where: world.where({}, { request: { tenantId: ACME } }),
          order: { id: 'ASC' },
          // A condition in raw SQL joins the request, whose deleted rows the join leaves out.
          withDeleted: true,
        }),
      ),
      operation(`find ${module}Setting with what it is one-to-one with`, (world) =>
        findAll(world, `${module}Setting`, { relations: { policy: true, organization: true } }),
      ),
    ]),
    operation('operators of find options', (world) =>
      findAll(world, 'PayrollItem', {
        where: {
          quantity: Between(0, 4),
          unitPrice: MoreThanOrEqual(0),
          name: ILike('%ITEM%'),
          id: In([world.key('PayrollItem', 0), world.key('PayrollItem', 1), world.key('PayrollItem', 2)]),
        },
      }),
    ),
    operation('a raw operator of find options', (world) =>
      findAll(world, 'PayrollItem', { where: { quantity: Raw((alias) => `${alias} * 2 > :n`, { n: 2 }) } }),
    ),
    operation('dates compared', (world) =>
      findAll(world, 'PayrollHistory', { where: { happenedAt: LessThan(new Date('2026-08-01T00:00:00Z')) } }),
    ),
    operation('embedded columns compared', (world) =>
      findAll(world, 'Contact', {
        where: { address: { postcode: Like('%') }, deliveryAddress: { place: { latitude: MoreThan(0) } } },
      }),
    ),
    operation('a view', (world) => findAll(world, 'EmployeeOverview')),
    operation('a view by a column', (world) => findAll(world, 'RoleOverview', { where: { name: Like('%role%') } })),
    operation('shared rows', (world) => world.repo('Language').find({ order: { id: 'ASC' } })),
    operation('shared rows with a page', (world) =>
      world.repo('Country').findAndCount({ order: { isoCode: 'ASC' }, take: 2 }),
    ),
    operation("the tenant's own row", (world) => world.repo('Tenant').find({ where: world.where({}, { id: ACME }) })),
    operation('children of a table by their class', (world) => findAll(world, 'PayrollInternalComment')),
    operation('children of a table with their own relations', (world) =>
      findAll(world, 'PayrollReviewComment', { relations: { policy: true, author: true } }),
    ),
    operation('relation().loadMany', async (world) =>
      sorted(
        await world.manager
          .createQueryBuilder()
          .relation(world.metadata('Employee').target, 'tags')
          .of(world.key('Employee'))
          .loadMany(),
      ),
    ),
    operation('preload', async (world) => {
      const row = await world.repo('Role').preload({ id: world.key('Role'), name: 'renamed' });
      return row;
    }),
  ];
}

/** In one order, lists within rows as well: databases give rows without an order as they like. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const parts = value.map(sorted);
    const isRows = parts.every((part) => typeof part === 'object' && part !== null);
    return isRows ? parts.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : parts;
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, sorted(part)]));
}

/** The tenant's rows, where TypeORM takes no conditions. */
function mine(rows: readonly ObjectLiteral[]): unknown {
  return sorted(rows.filter(({ tenantId }) => tenantId === ACME));
}
