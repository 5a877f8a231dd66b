import type { Random } from '../../support/random.js';
import { valueOfKey } from './known-keys.js';
import type { KeyParts, KnownKeys } from './known-keys.js';
import { columnsOf, entityOf, pathOf, relationsOf, rootOf, TENANTS } from './model.js';
import type { EntityModel, Model, RelationModel, TenantName } from './model.js';
import { comparesWalls, rowSecurityMode } from './row-security-mode.js';
import { scopeValue } from './rows.js';
import type { Call, CallStep, Chain } from './steps.js';

type Values = Record<string, unknown>;
type Link = Chain[number];

/** What may be done with an entity without changing what others share. */
export type MayWrite = (entity: EntityModel) => boolean;

const NAMES = ['Alpha', 'Beta', 'Gamma', 'Hidden'];

/** Makes calls of TypeORM's managers, repositories and builders, on the entities of a model and in the name of any tenant. */
export class CallGenerator {
  private features: string[] = [];
  private tenant: TenantName = 'acme';
  private entity!: EntityModel;
  private mayWrite: MayWrite = () => false;
  private aliases = 0;

  constructor(
    private readonly model: Model,
    private readonly random: Random,
    private readonly keys: KnownKeys,
  ) {}

  next(id: number, tenant: TenantName, mayWrite: MayWrite): CallStep {
    const { random, model } = this;
    this.tenant = tenant;
    this.features = [];
    this.aliases = 0;
    this.mayWrite = mayWrite;
    this.entity = random.pick(model.entities);
    const isWritable = this.entity.kind !== 'view' && mayWrite(this.entity);
    const makers = [
      () => this.find(),
      () => this.find(),
      () => this.findBy(),
      () => this.select(),
      () => this.select(),
      () => this.select(),
      () => this.odd(),
      () => this.raw(),
      () => this.keysAndCopies(),
      () => this.relationRead(),
    ];
    if (rootOf(model, this.entity).tree) makers.push(...Array.from({ length: 12 }, () => () => this.treeRead()));
    if (isWritable)
      makers.push(
        () => this.save(),
        () => this.save(),
        () => this.saveRelated(),
        () => this.insert(),
        () => this.update(),
        () => this.update(),
        () => this.remove(),
        () => this.removeBy(),
        () => this.insertBuilder(),
        () => this.updateBuilder(),
        () => this.deleteBuilder(),
        () => this.relationWrite(),
        () => this.relationWrite(),
        () => this.upsert(),
        () => this.refused(),
      );
    const call = random.pick(makers)();
    const transaction = random.chance(0.12) ? random.pick(['commit', 'rollback'] as const) : undefined;
    if (transaction) this.note(`transaction: ${transaction}`);
    return {
      kind: 'call',
      id,
      tenant,
      features: this.features,
      call: transaction === undefined || call.on === 'source' ? call : { ...call, transaction },
    };
  }

  private note(feature: string): void {
    this.features.push(feature);
  }

  /** A method that managers and repositories both have; the manager is told the class. */
  private both(method: string, ...args: unknown[]): Call {
    const { random, entity } = this;
    const on = random.pick(['manager', 'repository', 'repository', 'record'] as const);
    const first = on === 'manager' ? [{ $class: entity.name }] : [];
    return this.call(on, [[method, ...first, ...args]]);
  }

  private call(on: Call['on'], chain: Chain): Call {
    return { on, entity: this.entity.name, chain };
  }

  private builder(...links: Link[]): Call {
    const { random, entity } = this;
    if (random.chance(0.5)) return this.call('repository', [['createQueryBuilder', 'e'], ...links]);
    const on = random.pick(['manager', 'source'] as const);
    return this.call(on, [['createQueryBuilder', { $class: entity.name }, 'e'], ...links]);
  }

  // Values and conditions

  private pick(entity: EntityModel, foreign?: number): KeyParts {
    const { key, whose } = this.keys.pick(this.tenant, entity, foreign);
    this.note(`${whose} row`);
    return key;
  }

  private has(property: string): boolean {
    return columnsOf(this.model, this.entity).some((column) => column.property === property);
  }

  private toOne(entity = this.entity): RelationModel[] {
    return relationsOf(this.model, entity).filter(({ kind }) => kind === 'many-to-one' || kind === 'one-to-one');
  }

  private toMany(entity = this.entity): RelationModel[] {
    return relationsOf(this.model, entity).filter(({ kind }) => kind === 'many-to-many');
  }

  /** The relations that lead back to an entity, by the property that leads there. */
  private back(
    entity = this.entity,
  ): { readonly property: string; readonly target: string; readonly isMany: boolean }[] {
    return this.model.entities.flatMap((from) =>
      from.relations
        .filter(({ inverse, target }) => inverse !== undefined && target === entity.name)
        .map(({ inverse, kind }) => ({ property: inverse!, target: from.name, isMany: kind !== 'one-to-one' })),
    );
  }

  /** Those whose keys a tenant may write. */
  private backWritten(): ReturnType<CallGenerator['back']> {
    return this.back().filter(({ target }) => this.mayWrite(entityOf(this.model, target)));
  }

  /** All relations that a find may name. */
  private readable(entity = this.entity): { readonly property: string; readonly target: string }[] {
    if (entity.kind === 'view') return [];
    return [...this.toOne(entity), ...this.toMany(entity), ...this.back(entity)];
  }

  private where(): unknown {
    const { random, model, entity } = this;
    const conditions: (() => Values)[] = [
      () => ({ name: random.pick(NAMES) }),
      () => ({ name: { $op: ['In', NAMES.slice(0, 3)] } }),
      () => ({ name: { $op: ['Not', 'Alpha'] } }),
      () => ({ name: { $op: [random.pick(['Like', 'ILike']), '%a%'] } }),
      () => ({ name: { $op: ['Or', { $op: ['Equal', 'Alpha'] }, { $op: ['Equal', 'Hidden'] }] } }),
      () => ({ name: { $raw: '% IS NOT NULL' } }),
      () => this.pick(entity),
    ];
    if (this.has('amount'))
      conditions.push(
        () => ({ amount: { $op: [random.pick(['MoreThan', 'LessThan', 'MoreThanOrEqual']), 11] } }),
        () => ({ amount: { $op: ['Between', 5, 25] } }),
        () => ({ amount: { $op: ['IsNull'] } }),
      );
    const { owner } = rootOf(model, entity);
    if (owner.kind === 'own' && Object.values(owner.columns).every(({ within }) => within === undefined))
      conditions.push(() => {
        this.note("another tenant's key in a condition");
        const [key, { property }] = random.pick(Object.entries(owner.columns));
        const value = scopeValue(model, key, model.tenants[this.other()]);
        return { [property]: typeof value === 'bigint' ? { $bigint: String(value) } : value };
      });
    for (const { property, target } of this.readable())
      conditions.push(() => {
        this.note('condition over a relation');
        return { [property]: random.chance(0.5) ? { name: random.pick(NAMES) } : this.pick(entityOf(model, target)) };
      });
    const make = (): Values =>
      random.chance(0.3) ? { ...random.pick(conditions)(), ...random.pick(conditions)() } : random.pick(conditions)();
    if (random.chance(0.2)) return [make(), make()];
    return make();
  }

  private other(): TenantName {
    return this.random.pick(TENANTS.filter((name) => name !== this.tenant));
  }

  private ordered(): Values {
    return Object.fromEntries(Object.keys(this.keys.missing(this.entity)).map((property) => [property, 'ASC']));
  }

  private findOptions(): Values {
    const { random, model } = this;
    const options: Values = {};
    if (random.chance(0.6)) options['where'] = this.where();
    const relations = random.shuffled(this.readable()).slice(0, 2);
    if (random.chance(0.5) && relations.length > 0) {
      this.note('relations');
      options['relations'] = Object.fromEntries(
        relations.map(({ property, target }) => {
          const [next] = random.shuffled(this.readable(entityOf(model, target)));
          return [property, next !== undefined && random.chance(0.4) ? { [next.property]: true } : true];
        }),
      );
      if (random.chance(0.3)) this.put(options, 'relationLoadStrategy', 'query');
    }
    if (random.chance(0.25)) this.put(options, 'withDeleted', true);
    if (random.chance(0.3)) {
      options['order'] = this.ordered();
      this.put(options, random.pick(['take', 'skip']), 2);
      if (options['skip'] !== undefined) options['take'] = 2;
    }
    if (this.model.cache && random.chance(0.4))
      this.put(options, 'cache', { id: this.entity.name, milliseconds: 60_000 });
    else if (random.chance(0.08)) this.put(options, 'cache', random.pick([60_000, true]));
    if (random.chance(0.08)) this.put(options, 'loadRelationIds', true);
    if (random.chance(0.08)) this.put(options, 'loadEagerRelations', false);
    if (random.chance(0.1)) this.put(options, 'select', { ...this.selected(), name: true });
    if (random.chance(0.05)) this.put(options, 'comment', 'a comment');
    return options;
  }

  private put(options: Values, name: string, value: unknown): void {
    this.note(`find option ${name}`);
    options[name] = value;
  }

  private selected(): Values {
    return Object.fromEntries(Object.keys(this.keys.missing(this.entity)).map((property) => [property, true]));
  }

  /** The values of a new row, or of a part of it. */
  private values(isNew: boolean, entity = this.entity): Values {
    const { random, model } = this;
    const values: Values = isNew ? { ...this.keys.fresh(this.tenant, entity) } : {};
    for (const column of columnsOf(model, entity)) {
      const { property, within, kind, nullable } = column;
      if (kind === 'virtual' || random.chance(isNew ? (nullable ? 0.5 : 0) : 0.6)) continue;
      const byKind = {
        text: property === 'code' ? `c${random.below(40)}` : random.pick(NAMES),
        number: random.below(50),
        decimal: '2.25',
        flag: random.chance(0.5),
        json: { n: 1 },
      };
      const value = nullable && random.chance(0.1) ? null : byKind[kind];
      if (within === undefined) values[property] = value;
      else values[within] = { ...(values[within] as Values | undefined), [property]: value };
    }
    for (const relation of relationsOf(model, entity)) this.reference(relation, isNew, values);
    if (random.chance(0.5)) this.siblingReference(entity, values);
    return values;
  }

  /** A reference that another child entity of the table declares. */
  private siblingReference(entity: EntityModel, values: Values): void {
    const { random, model } = this;
    const root = rootOf(model, entity);
    const siblings = model.entities.filter(
      ({ kind, of, name }) => kind === 'child' && of === root.name && name !== entity.name,
    );
    const relations = siblings.flatMap((sibling) => sibling.relations.filter(({ kind }) => kind !== 'many-to-many'));
    if (relations.length === 0) return;
    const { property, column, kind, target } = random.pick(relations);
    this.note("a sibling's reference");
    const key = this.pick(entityOf(model, target), 0.6);
    if (kind === 'foreign-key') values[property] = valueOfKey(key);
    else if (column !== undefined && random.chance(0.3)) values[column] = valueOfKey(key);
    else values[property] = { ...key };
  }

  private reference(relation: RelationModel, isNew: boolean, values: Values): void {
    const { random, model } = this;
    const { property, kind, nullable, column } = relation;
    if (kind === 'many-to-many') return;
    const isNeeded = isNew && nullable === undefined;
    if (!isNeeded && random.chance(0.6)) return;
    const key = this.pick(entityOf(model, relation.target), isNeeded ? 0.1 : 0.3);
    if (kind === 'foreign-key') values[property] = valueOfKey(key);
    else if (column !== undefined && random.chance(0.5)) values[column] = valueOfKey(key);
    else values[property] = nullable && random.chance(0.1) ? null : { ...key };
  }

  // Reads

  private find(): Call {
    const { random } = this;
    const method = random.pick([
      'find',
      'findAndCount',
      'findOne',
      'findOneOrFail',
      'count',
      'exists',
      'find',
      'findOne',
    ]);
    this.note(method);
    const options = this.findOptions();
    if (method.startsWith('findOne')) {
      options['where'] ??= this.where();
      options['order'] = this.ordered();
      delete options['take'];
      delete options['skip'];
    }
    return this.both(method, options);
  }

  private findBy(): Call {
    const { random } = this;
    const method = random.pick([
      'findBy',
      'findAndCountBy',
      'findOneBy',
      'findOneByOrFail',
      'countBy',
      'existsBy',
      'sum',
    ]);
    this.note(method);
    if (method === 'sum' && this.has('amount')) {
      const sum = random.pick(['sum', 'average', 'minimum', 'maximum']);
      return this.both(sum, 'amount', ...(random.chance(0.5) ? [this.where()] : []));
    }
    if (method.startsWith('findOne')) return this.both(method, this.pick(this.entity));
    return this.both(method === 'sum' ? 'countBy' : method, this.where());
  }

  private keysAndCopies(): Call {
    const { random, entity } = this;
    const row = { $row: { entity: entity.name, values: { ...this.pick(entity), name: 'Copied' } } };
    const method = random.pick(['hasId', 'getId', 'create', 'merge', 'preload', 'preload']);
    this.note(method);
    if (method === 'create') return this.both('create', { name: 'Made', ...this.pick(entity) });
    if (method === 'merge') return this.both('merge', row, { name: 'Merged' });
    if (method === 'preload') return this.both('preload', { ...this.pick(entity), name: 'Loaded before' });
    return this.both(method, row);
  }

  private treeRead(): Call {
    const { random } = this;
    const row = { $found: { entity: this.entity.name, where: this.pick(this.entity) } };
    const method = random.pick([
      'findTrees',
      'findRoots',
      'findDescendants',
      'findDescendantsTree',
      'countDescendants',
      'findAncestors',
      'findAncestorsTree',
      'countAncestors',
      'createDescendantsQueryBuilder',
      'createAncestorsQueryBuilder',
    ]);
    this.note(`tree: ${method}`);
    if (method === 'findTrees' || method === 'findRoots') return this.call('tree', [[method]]);
    if (method.startsWith('create')) return this.call('tree', [[method, 'e', 'closure', row], ['getMany']]);
    return this.call('tree', [[method, row]]);
  }

  private relationRead(): Call {
    const { random, entity } = this;
    const relations = this.readable();
    if (relations.length === 0) return this.select();
    const { property } = random.pick(relations);
    this.note('relation: load');
    const key = valueOfKey(this.pick(entity, 0.4));
    return this.call('manager', [
      ['createQueryBuilder'],
      ['relation', { $class: entity.name }, property],
      ['of', key],
      [random.pick(['loadOne', 'loadMany'])],
    ]);
  }

  /** A select made manually, as odd as the builder allows. */
  private select(): Call {
    const { random } = this;
    const links: Link[] = [];
    const joins = random.shuffled(this.readable()).slice(0, random.between(0, 2));
    for (const { property, target } of joins) links.push(...this.join(property, target));
    const conditions: (() => Link[])[] = [
      () => [['where', 'e.name = :name', { name: random.pick(NAMES) }]],
      () => [
        ['where', "e.name = 'Alpha'"],
        ['orWhere', '1 = 1'],
      ],
      () => [
        ['andWhere', 'e.name <> :other', { other: 'x' }],
        [
          'andWhere',
          {
            $brackets: [
              ['where', "e.name = 'Beta'"],
              ['orWhere', '1 = 1'],
            ],
          },
        ],
      ],
      () => [['where', this.where()]],
      () => [
        [random.pick(['whereInIds', 'andWhereInIds', 'orWhereInIds']), [valueOfKey(this.pick(this.entity, 0.5), true)]],
      ],
      () => [['where', { $in: this.subQuery() }]],
      () => [[random.pick(['whereExists', 'andWhereExists', 'orWhereExists']), { $query: this.existing() }]],
    ];
    if (random.chance(0.75)) links.push(...random.pick(conditions)());
    const extras: (() => Link[])[] = [
      () => [['withDeleted']],
      () => [['comment', 'made manually']],
      () => [['cache', `list-${random.below(3)}`, 60_000]],
      () => [['cache', true]],
      () => [['loadAllRelationIds']],
      () => [
        ['setParameter', 'unused', 1],
        ['setParameters', { name: 'Alpha' }],
      ],
      () => [['setFindOptions', { where: { name: 'Alpha' } }]],
      () => [['maxExecutionTime', 60_000]],
      () => [['clone']],
      () => [['callListeners', false]],
      () => [['setQueryRunner', { $runner: true }]],
      () => [['addSelect', { $sub: this.counted() }, 'counted']],
      () => [['distinct', true]],
    ];
    const [many] = this.toMany();
    if (many) extras.push(() => [['loadRelationIdAndMap', 'e.linkKeys', `e.${many.property}`]]);
    if (this.model.engine === 'postgres')
      extras.push(() => [['distinctOn', Object.keys(this.keys.missing(this.entity)).map((key) => `e.${key}`)]]);
    if (random.chance(0.5)) {
      const [extra] = random.shuffled(extras);
      const made = extra();
      this.note(`select: ${made[0][0]}`);
      links.push(...made);
    }
    const order = Object.keys(this.keys.missing(this.entity)).map((property, i): Link => [
      i === 0 ? 'orderBy' : 'addOrderBy',
      `e.${property}`,
      random.pick(['ASC', 'DESC']),
    ]);
    const isDistinctOn = links.some(([method]) => method === 'distinctOn');
    if (random.chance(0.5) || isDistinctOn) {
      links.push(...order.map(([method, path, direction]): Link => [method, path, isDistinctOn ? 'ASC' : direction]));
      if (random.chance(0.5))
        links.push(
          ...random.pick<Link[]>([
            [['take', 2]],
            [
              ['skip', 1],
              ['take', 2],
            ],
            // The order of rows that joins multiply is not defined.
            ...(joins.length > 0
              ? []
              : ([
                  [['limit', 2]],
                  [
                    ['limit', 3],
                    ['offset', 1],
                  ],
                ] satisfies Link[][])),
          ]),
        );
    }
    if (this.model.cache && random.chance(0.7)) {
      this.note('cached under a name');
      links.push(['cache', `${this.entity.name}-${random.below(2)}`, 60_000]);
    }
    if (random.chance(0.06) && joins.length === 0) links.push(...this.lock());
    return this.builder(...links, ...this.end(joins.length > 0));
  }

  private lock(): Link[] {
    this.note('lock');
    if (this.model.engine === 'sqljs') return [];
    return [
      ['useTransaction', true],
      ['setLock', this.random.pick(['pessimistic_read', 'pessimistic_write'])],
      ...(this.random.chance(0.3) ? ([['setOnLocked', 'nowait']] as Link[]) : []),
    ];
  }

  private join(property: string, target: string): Link[] {
    const { random } = this;
    const alias = `j${++this.aliases}`;
    const condition = random.chance(0.3) ? [`${alias}.name = 'Hidden' OR 1 = 1`] : [];
    // Which of several rows comes first is not defined.
    const isOne = this.toOne().some((relation) => relation.property === property);
    const method = random.pick([
      'leftJoin',
      'innerJoin',
      'leftJoinAndSelect',
      'innerJoinAndSelect',
      'leftJoinAndMapMany',
      'innerJoinAndMapMany',
      ...(isOne ? ['leftJoinAndMapOne', 'innerJoinAndMapOne'] : []),
    ]);
    this.note(method);
    if (method.includes('Map')) return [[method, `e.mapped${alias}`, `e.${property}`, alias, ...condition]];
    if (random.chance(0.2)) {
      this.note('join of a class');
      return [[method, { $class: target }, alias, `${alias}.name = e.name`]];
    }
    return [[method, `e.${property}`, alias, ...condition]];
  }

  private keyOf(entity: EntityModel): string {
    return Object.keys(this.keys.missing(entity))[0];
  }

  private subQuery(): { column: string; chain: Chain } {
    this.note('sub-query');
    const key = this.keyOf(this.entity);
    return {
      column: `e.${key}`,
      chain: [
        ['select', `s.${key}`],
        ['from', { $class: this.entity.name }, 's'],
        ['where', "s.name <> 'x'"],
      ],
    };
  }

  private counted(): Chain {
    this.note('sub-query in a select');
    const other = this.random.pick(
      this.model.entities.filter(({ second, name }) => second === this.entity.second && name !== ''),
    );
    return [
      ['select', 'COUNT(*)', 'n'],
      ['from', { $class: other.name }, 's'],
    ];
  }

  private existing(): Chain {
    this.note('whereExists');
    const other = this.random.pick(this.model.entities.filter(({ second }) => second === this.entity.second));
    return [
      ['createQueryBuilder', { $class: other.name }, 'x'],
      ['where', "x.name = 'Hidden'"],
    ];
  }

  private end(isJoined: boolean): Link[] {
    const { random } = this;
    const method = random.pick([
      'getMany',
      'getMany',
      'getManyAndCount',
      'getCount',
      'getExists',
      'getRawMany',
      'getRawAndEntities',
      'getOne',
      'getOneOrFail',
      isJoined ? 'getRawMany' : 'getRawOne',
      'stream',
    ]);
    // SQLite has no streams, and PostgreSQL's need a package more.
    const done = method === 'stream' && this.model.engine !== 'mariadb' ? 'getRawMany' : method;
    this.note(done);
    if (!['getOne', 'getRawOne', 'getOneOrFail'].includes(done)) return [[done]];
    const order = Object.keys(this.keys.missing(this.entity)).map((property, i): Link => [
      i === 0 ? 'orderBy' : 'addOrderBy',
      `e.${property}`,
    ]);
    return [...order, [done]];
  }

  /** Selects that are no plain list: groups, several sources, a common table expression, text that is only asked for. */
  private odd(): Call {
    const { random, entity } = this;
    const key = this.keyOf(entity);
    const type = { $class: entity.name };
    const related = this.readable();
    // Rows of junction tables show in numbers alone: a join of the far side leaves them without a row.
    if (related.length > 0 && random.chance(0.3)) {
      this.note('related rows counted');
      return this.builder(
        ['select', `e.${key}`, 'key'],
        ['addSelect', 'COUNT(*)', 'n'],
        ['leftJoin', `e.${random.pick(related).property}`, 'l'],
        ['groupBy', `e.${key}`],
        ['orderBy', `e.${key}`],
        ['getRawMany'],
      );
    }
    const forms: (() => Call)[] = [
      () =>
        this.builder(
          ['select', 'e.name', 'name'],
          ['addSelect', 'COUNT(*)', 'n'],
          ['groupBy', 'e.name'],
          ['having', 'COUNT(*) > 0'],
          [random.pick(['andHaving', 'orHaving']), '1 = 1'],
          ['getRawMany'],
        ),
      () =>
        this.builder(['select', 'e.name', 'name'], ['groupBy', 'e.name'], ['addGroupBy', `e.${key}`], ['getRawMany']),
      () =>
        this.call('manager', [
          ['createQueryBuilder'],
          ['select', 'f.name', 'name'],
          ['from', type, 'f'],
          ['addFrom', type, 'g'],
          ['where', `f.${key} = g.${key}`],
          ['getRawMany'],
        ]),
      () =>
        this.call('manager', [
          ['createQueryBuilder'],
          ['select', 'COUNT(*)', 'n'],
          ['from', { $sub: [['subQuery'], ['select', 's.name', 'name'], ['from', type, 's']] }, 'inner'],
          ['getRawMany'],
        ]),
      () =>
        this.call('manager', [
          ['createQueryBuilder'],
          [
            'addCommonTableExpression',
            {
              $query: [
                ['createQueryBuilder', type, 'c'],
                ['select', 'c.name', 'name'],
              ],
            },
            'listed',
          ],
          ['select', 'l.name', 'name'],
          ['from', 'listed', 'l'],
          ['getRawMany'],
        ]),
      () => this.builder([random.pick(['getQuery', 'getSql', 'getQueryAndParameters', 'getParameters'])]),
      () => this.builder(['update', { name: 'Text' }], ['getQuery']),
      () => this.builder(['delete'], ['getQuery']),
      () => this.builder(['softDelete'], ['getQuery']),
      () =>
        this.call('manager', [
          ['createQueryBuilder'],
          ['insert'],
          ['into', type],
          ['values', { name: 'Text' }],
          ['getQuery'],
        ]),
      () =>
        this.call('manager', [
          ['createQueryBuilder'],
          ['relation', type, random.pick(this.readable())?.property ?? 'name'],
          ['getQuery'],
        ]),
      () => this.builder(['hasParameter', 'name']),
      () => this.builder(['escape', 'name']),
      () => this.builder(['disableEscaping'], ['getCount']),
      () => this.builder(['createQueryBuilder'], ['select', 'x.name', 'name'], ['from', type, 'x'], ['getRawMany']),
      () => this.builder(['select', ['e.name', `e.${key}`]], ['getMany']),
      () => this.builder(['setOption', 'disable-global-order'], ['getMany']),
      () => this.builder(['execute']),
      () => this.builder(['useIndex', 'none_such'], ['getCount']),
      () =>
        this.call('manager', [
          ['getRepository', type],
          ['countBy', { name: 'Alpha' }],
        ]),
      () =>
        this.call('repository', [
          ['extend', {}],
          ['find', { order: this.ordered() }],
        ]),
      () =>
        this.call('source', [
          ['getRepository', type],
          ['find', { order: this.ordered() }],
        ]),
    ];
    if (this.readable().length > 0) forms.push(() => this.builder(['hasRelation', type, this.readable()[0].property]));
    // Few models have trees, so this is picked more often there.
    const trees = (): Call => this.call('manager', [['getTreeRepository', type], ['findTrees']]);
    if (rootOf(this.model, entity).tree) forms.push(trees, trees, trees, trees, trees);
    const made = random.pick(forms)();
    this.note(`select: ${made.chain.at(-1)![0]}`);
    return made;
  }

  /** SQL as text: on rows of tenants it is refused. */
  private raw(): Call {
    const { random, entity, model } = this;
    const table = `${model.prefix ?? ''}${snake(rootOf(model, entity).name)}`;
    this.note('raw SQL');
    // With row-level security it is allowed, so the answers of a world that has it are others.
    const isCompared = comparesWalls();
    const texts = isCompared ? ['SELECT 1 AS one'] : [`SELECT * FROM ${table}`, 'SELECT 1 AS one'];
    // Nothing limits rows that are everybody's. With row-level security, rows that several tenants own together are written.
    const isOwn = rowSecurityMode() !== 'on' || this.mayWrite(entity);
    if (rootOf(model, entity).owner.kind !== 'shared' && !isCompared && isOwn)
      texts.push(`UPDATE ${table} SET name = 'x'`, `DELETE FROM ${table}`);
    const on = random.pick(['manager', 'repository', 'source'] as const);
    if (random.chance(0.3)) return this.call(on, [['sql', { $parts: [random.pick(texts)] }]]);
    return this.call(on, [['query', random.pick(texts)]]);
  }

  // Writes

  private save(): Call {
    const { random, entity } = this;
    const kind = random.pick([
      'new',
      'own',
      'list',
      ...(rootOf(this.model, entity).key === 'increment' ? ['foreign'] : []),
    ]);
    this.note(`save: ${kind}`);
    const key = (): Values => ({ ...(this.keys.own(this.tenant, entity) ?? {}) });
    switch (kind) {
      case 'new':
        return this.both('save', this.row(this.values(true)), ...this.saveOptions());
      case 'foreign':
        return this.both('save', this.row({ ...this.values(true), ...this.keys.foreign(this.tenant, entity) }));
      case 'own':
        return this.both('save', this.row({ ...key(), ...this.values(false) }), ...this.saveOptions());
      default:
        return this.both('save', [this.row(this.values(true)), this.row({ ...key(), name: 'Saved' })]);
    }
  }

  private saveOptions(): unknown[] {
    if (this.random.chance(0.7)) return [];
    this.note('save options');
    return [this.random.pick([{ reload: false }, { chunk: 1 }, { listeners: false }, { transaction: false }])];
  }

  private row(values: Values): unknown {
    return this.random.chance(0.5) ? values : { $row: { entity: this.entity.name, values } };
  }

  /** A graph: links, cascades, and rows of the far side that are given to another one. */
  private saveRelated(): Call {
    const { random, entity, model } = this;
    const own = { ...(this.keys.own(this.tenant, entity) ?? {}) };
    const many = [...this.toMany().map(({ property, target }) => ({ property, target })), ...this.backWritten()].filter(
      ({ target }) => this.mayWrite(entityOf(model, target)),
    );
    const cascading = this.toOne().filter(({ cascade, target }) => cascade && this.mayWrite(entityOf(model, target)));
    if (cascading.length > 0 && random.chance(0.4)) {
      const { property, target } = random.pick(cascading);
      this.note('save: cascade');
      const far = entityOf(model, target);
      // Another tenant's key that a client may choose is a new row's, and a conflict tells that it is taken: that is documented.
      const foreign = rootOf(model, far).key === 'increment' ? 0.4 : 0;
      const nested = random.chance(0.5) ? this.values(true, far) : { ...this.pick(far, foreign), name: 'Cascaded' };
      return this.both('save', { ...this.values(true), [property]: nested });
    }
    if (rootOf(model, entity).tree && random.chance(0.4)) {
      this.note('save: place in a tree');
      return this.both('save', { ...this.values(true), above: { ...this.pick(entity, 0.4) } });
    }
    if (many.length === 0) return this.save();
    const { property, target } = random.pick(many);
    const far = entityOf(model, target);
    this.note('save: rows of the far side');
    const rows = random.several(random.between(0, 2), () => ({ ...this.pick(far, 0.3) }));
    return this.both('save', { ...own, [property]: rows });
  }

  private insert(): Call {
    const { random } = this;
    this.note('insert');
    const values = random.chance(0.3) ? [this.values(true), this.values(true)] : this.values(true);
    return this.both('insert', values);
  }

  private upsert(): Call {
    const { random, model, entity } = this;
    const { owner } = rootOf(model, entity);
    this.note('upsert');
    const tenant = owner.kind === 'own' ? Object.values(owner.columns).map(pathOf) : [];
    const target =
      entity.uniques.length > 0 && random.chance(0.7)
        ? [...tenant, ...entity.uniques[0].properties]
        : [...tenant, ...Object.keys(this.keys.missing(entity))];
    return this.both('upsert', this.values(true), target);
  }

  private update(): Call {
    const { random } = this;
    const values = this.values(false);
    if (Object.keys(values).length === 0) values['name'] = 'Updated';
    if (this.has('amount') && random.chance(0.25)) {
      const method = random.pick(['increment', 'decrement']);
      this.note(method);
      return this.both(method, this.where(), 'amount', 1);
    }
    if (random.chance(0.05)) {
      this.note('updateAll');
      return this.both('updateAll', { name: 'Alpha' });
    }
    this.note('update');
    return this.both('update', random.chance(0.6) ? this.pick(this.entity, 0.4) : this.where(), values);
  }

  private remove(): Call {
    const { random, entity } = this;
    const method = random.pick(['remove', ...(entity.softDelete ? ['softRemove', 'recover'] : [])]);
    this.note(method);
    const where = this.pick(entity, 0.5);
    const given = random.chance(0.5)
      ? { $found: { entity: entity.name, where } }
      : { $row: { entity: entity.name, values: where } };
    return this.both(method, random.chance(0.2) ? [given] : given);
  }

  private removeBy(): Call {
    const { random, entity } = this;
    const method = random.pick(['delete', ...(entity.softDelete ? ['softDelete', 'restore'] : [])]);
    if (random.chance(0.04)) {
      this.note('deleteAll');
      return this.both('deleteAll');
    }
    this.note(method);
    return this.both(method, random.chance(0.7) ? this.pick(entity, 0.5) : this.where());
  }

  private insertBuilder(): Call {
    const { random, entity } = this;
    const type = { $class: entity.name };
    this.note('insert builder');
    const start: Chain = [['createQueryBuilder'], ['insert'], ['into', type]];
    if (random.chance(0.1)) {
      this.note('insert from a select');
      return this.call('manager', [
        ...start.slice(0, 2),
        ['into', type, ['name']],
        [
          'valuesFromSelect',
          {
            $query: [
              ['createQueryBuilder', type, 's'],
              ['select', 's.name', 'name'],
            ],
          },
        ],
        ['execute'],
      ]);
    }
    const extras: Link[][] = [
      [],
      [],
      [['orIgnore']],
      [['updateEntity', false]],
      [['orUpdate', ['name'], this.conflict()]],
    ];
    if (this.model.engine === 'postgres') extras.push([['returning', ['name']]], [['output', '*']]);
    const extra = random.pick(extras);
    for (const [method] of extra) this.note(`insert: ${method}`);
    return this.call('manager', [...start, ['values', this.values(true)], ...extra, ['execute']]);
  }

  private conflict(): string[] {
    const { owner } = rootOf(this.model, this.entity);
    const tenant =
      owner.kind === 'own' ? Object.values(owner.columns).map(({ name, property }) => name ?? property) : [];
    return [...tenant, ...Object.keys(this.keys.missing(this.entity))];
  }

  private updateBuilder(): Call {
    const { random, entity } = this;
    const method = entity.softDelete && random.chance(0.4) ? random.pick(['softDelete', 'restore']) : 'update';
    this.note(`${method} builder`);
    const start: Link[] =
      method === 'update'
        ? [['createQueryBuilder'], ['update', { $class: entity.name }], ['set', { name: 'Set' }]]
        : [['createQueryBuilder'], [method], ['from', { $class: entity.name }]];
    return this.call('manager', [...start, ...this.conditions(), ...this.writeExtras(), ['execute']]);
  }

  private deleteBuilder(): Call {
    this.note('delete builder');
    const start: Chain = [['createQueryBuilder'], ['delete'], ['from', { $class: this.entity.name }]];
    return this.call('manager', [...start, ...this.conditions(), ...this.writeExtras(true), ['execute']]);
  }

  private conditions(): Link[] {
    const { random, entity } = this;
    const key = (): unknown => valueOfKey(this.pick(entity, 0.5), true);
    return random.pick<() => Link[]>([
      () => [['where', 'name = :name', { name: random.pick(NAMES) }]],
      () => [
        ['where', "name = 'x'"],
        ['orWhere', "name = 'Hidden'"],
      ],
      () => [
        ['where', '1 = 1'],
        ['andWhere', "name = 'Hidden'"],
      ],
      () => [['whereInIds', [key()]]],
      () => [
        ['where', '1 = 1'],
        ['andWhereInIds', [key()]],
      ],
      () => [
        ['where', '1 = 0'],
        ['orWhereInIds', [key(), key()]],
      ],
      () => [['where', { name: 'Hidden' }]],
    ])();
  }

  private writeExtras(isDelete = false): Link[] {
    const { random, entity, model } = this;
    const extras: Link[][] = [[]];
    if (model.engine === 'postgres') extras.push([['returning', ['name']]], [['output', ['name']]]);
    if (!isDelete) extras.push([['updateEntity', false]]);
    if (!isDelete && model.engine === 'mariadb') {
      const first: Link[] = [
        ['orderBy', this.keyOf(entity)],
        ['addOrderBy', 'name'],
        ['limit', 1],
      ];
      // A fifth of a complete run is on MariaDB.
      extras.push(first, first, first);
    }
    if (!isDelete)
      extras.push([['whereEntity', { $found: { entity: entity.name, where: { ...this.pick(entity, 0.4) } } }]]);
    const extra = random.pick(extras);
    for (const [method] of extra) this.note(`write: ${method}`);
    return extra;
  }

  private relationWrite(): Call {
    const { random, entity, model } = this;
    const many = [...this.toMany(), ...this.backWritten().filter(({ isMany }) => isMany)];
    const one = this.toOne();
    if (many.length + one.length === 0) return this.update();
    const isMany = one.length === 0 || (many.length > 0 && random.chance(0.6));
    const { property, target } = isMany ? random.pick(many) : random.pick(one);
    const far = entityOf(model, target);
    const key = (): unknown => valueOfKey(this.pick(far, 0.35));
    const own = valueOfKey(this.pick(entity, 0.3));
    const method = isMany ? random.pick(['add', 'remove', 'addAndRemove']) : 'set';
    this.note(`relation: ${method}`);
    const args =
      method === 'addAndRemove' ? [[key()], [key()]] : method === 'set' && random.chance(0.2) ? [null] : [key()];
    return this.call('manager', [
      ['createQueryBuilder'],
      ['relation', { $class: entity.name }, property],
      ['of', own],
      [method, ...args],
    ]);
  }

  /** What no tenant may do to a table. */
  private refused(): Call {
    const { random } = this;
    this.note('clear');
    if (random.chance(0.3))
      return this.call('manager', [
        ['withRepository', { $query: [['getRepository', { $class: this.entity.name }]] }],
        ['find', { order: this.ordered() }],
      ]);
    return this.both('clear');
  }
}

function snake(name: string): string {
  return name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
