import type { Random } from '../../support/random.js';
import { isSingle, keysOf, pathOf, tenantKeysOf } from './model.js';
import type {
  ColumnKind,
  ColumnModel,
  EntityModel,
  Engine,
  KeyKind,
  Model,
  Owner,
  RelationModel,
  ResourceModel,
  ScopeKind,
  SqlType,
  TenantColumn,
  TenantKeys,
  TenantName,
  UniqueModel,
} from './model.js';

const NAMES = ['Account', 'Ticket', 'Invoice', 'Parcel', 'Label', 'Memo', 'Course', 'Asset', 'Shift', 'Quote'];
/** A name that makes TypeORM shorten its aliases to a hash. */
const LONG_NAME = 'InternationalShipmentReconciliationAdjustmentAttachment';

/** A column in place of which the start must ask for another one. */
const MISFITS: Readonly<Record<Engine, Partial<Record<ScopeKind, SqlType>>>> = {
  postgres: { number: { type: 'real' }, text: { type: 'char', length: 8 } },
  mariadb: { number: { type: 'float' } },
  sqljs: { text: { type: 'varchar', collation: 'NOCASE' } },
};

const TENANT_TYPES: Readonly<Record<Engine, Readonly<Record<Exclude<ScopeKind, 'pair'>, readonly SqlType[]>>>> = {
  postgres: {
    number: [
      { type: 'integer' },
      { type: 'integer' },
      { type: 'bigint' },
      { type: 'numeric', precision: 12, scale: 0 },
      { type: 'double precision' },
    ],
    text: [{ type: 'varchar', length: 60 }, { type: 'text' }],
    uuid: [{ type: 'uuid' }, { type: 'varchar', length: 36 }],
    bigint: [{ type: 'bigint' }, { type: 'numeric', precision: 20, scale: 0 }],
  },
  mariadb: {
    number: [
      { type: 'int' },
      { type: 'int' },
      { type: 'bigint' },
      { type: 'decimal', precision: 12, scale: 0 },
      { type: 'double' },
    ],
    text: [{ type: 'varchar', length: 60, collation: 'utf8mb4_bin' }],
    uuid: [{ type: 'varchar', length: 36, collation: 'utf8mb4_bin' }, { type: 'uuid' }],
    bigint: [{ type: 'bigint' }, { type: 'decimal', precision: 20, scale: 0 }],
  },
  sqljs: {
    number: [{ type: 'integer' }, { type: 'bigint' }, { type: 'double' }],
    text: [{ type: 'varchar' }, { type: 'text' }],
    uuid: [{ type: 'varchar' }],
    bigint: [{ type: 'bigint' }],
  },
};

/** Tenants that a careless comparison takes for one: by rounding, by case, by accents, by one key of two. */
const TENANTS_OF: Readonly<Record<ScopeKind, readonly (readonly [string, string, string])[]>> = {
  number: [
    ['1', '2', '3'],
    // The last ones of a list are those that columns of the wrong type take for one.
    ['16777217', '16777216', '16777218'],
  ],
  text: [
    ['café', 'cafe', 'caf'],
    ['acme', 'ACME', 'initech'],
  ],
  uuid: [
    [
      '0b8e1f6a-1111-4111-8111-000000000001',
      '0b8e1f6a-1111-4111-8111-000000000002',
      'ffffffff-ffff-4fff-8fff-ffffffffffff',
    ],
  ],
  bigint: [
    ['9007199254740993', '9007199254740992', '5'],
    ['1', '2', '3'],
  ],
  pair: [],
};

/**
 * Makes models: entities in all the ways in which their rows may belong to tenants, refer to each other and be served. What is made for one seed
 * is always the same.
 */
export class ModelGenerator {
  private readonly entities: EntityModel[] = [];
  private readonly names: string[];
  private scope: ScopeKind = 'number';
  /** Whether every entity says who owns its rows by another name, beside a column called like the scope's key. */
  private readonly namesOwners: boolean;
  /** Whether tenant columns have types that make one key of two, and the tenants keys that such a type does not tell apart. */
  private readonly hasMisfits: boolean;

  private constructor(
    private readonly random: Random,
    private readonly engine: Engine,
  ) {
    this.names = random.shuffled(NAMES);
    if (random.chance(0.2)) this.names.splice(random.below(3), 0, LONG_NAME);
    this.namesOwners = random.chance(0.1);
    this.hasMisfits = random.chance(0.12);
  }

  /** @param scope the kind of scope, of which a process has one */
  static make(random: Random, engine: Engine, scope: ScopeKind): Model {
    return new ModelGenerator(random, engine).model(scope);
  }

  private model(scope: ScopeKind): Model {
    const { random, engine } = this;
    this.scope = scope;
    const count = random.between(3, 6);
    while (this.entities.length < count) this.addEntity();
    if (random.chance(0.15)) this.addView();
    if (random.chance(0.12)) this.addSecond();
    return {
      seed: random.seed,
      engine,
      scope,
      tenants: this.tenants(),
      adapter: random.pick(['express', 'fastify'] as const),
      definesFields: random.chance(0.7),
      cache: random.chance(0.18),
      ...(random.chance(0.1) && { prefix: 'app_' }),
      entities: this.entities.map((entity) => this.withResource(entity)),
    };
  }

  private tenants(): Record<TenantName, TenantKeys> {
    if (this.scope === 'pair')
      return {
        acme: { region: 'eu', organizationId: '1' },
        globex: { region: 'us', organizationId: '1' },
        initech: { region: 'eu', organizationId: '2' },
      };
    const [key] = keysOf(this.scope);
    // JavaScript reads SQLite's numbers as its own.
    const all = this.engine === 'sqljs' && this.scope === 'bigint' ? TENANTS_OF['number'] : TENANTS_OF[this.scope];
    const [acme, globex, initech] = this.hasMisfits ? all.at(-1)! : this.random.pick(all);
    return { acme: { [key]: acme }, globex: { [key]: globex }, initech: { [key]: initech } };
  }

  private addEntity(): void {
    const { random } = this;
    const name = this.names.shift()!;
    const owner = this.owner();
    const key = this.key(owner);
    const isRoot = random.chance(0.24) && key !== 'tenant';
    const parent = owner.kind === 'via' ? this.viaRelation(!isRoot) : undefined;
    const hasTree = !isRoot && owner.kind === 'own' && key === 'increment' && random.chance(0.15);
    const columns = this.columns();
    const relations = [...(parent === undefined ? [] : [parent]), ...this.relations(name, owner, !isRoot)];
    const entity: EntityModel = {
      name,
      place: this.entities.length,
      kind: isRoot ? 'root' : 'table',
      owner,
      declared: this.declared(owner),
      key,
      columns,
      relations,
      uniques: this.uniques(owner, columns, parent),
      ...(hasTree && { tree: random.pick(['materialized-path', 'closure-table'] as const) }),
      ...(random.chance(0.3) && { version: true }),
      ...(random.chance(0.3) && { softDelete: true }),
      ...(random.chance(0.1) && { instants: true }),
      ...(this.engine === 'postgres' && random.chance(0.1) && { schema: 'crm' }),
    };
    this.entities.push(entity);
    if (isRoot) this.addChildren(entity);
  }

  private owner(): Owner {
    const { random } = this;
    const scopedEntities = this.entities.filter((one) => one.owner.kind !== 'shared' && one.kind === 'table');
    if (scopedEntities.length > 0 && random.chance(0.2)) return { kind: 'via', relation: 'parent' };
    if (this.entities.length > 0 && random.chance(0.2)) return { kind: 'shared' };
    const keys = keysOf(this.scope);
    const kept = keys.length > 1 && random.chance(0.4) ? [random.pick(keys)] : keys;
    const within = !this.namesOwners && random.chance(0.06) ? 'ownership' : undefined;
    const isRenamed = this.namesOwners || random.chance(0.15);
    const columns = Object.fromEntries(
      kept.map((key): [string, TenantColumn] => {
        const property = isRenamed ? (key === 'region' ? 'area' : 'ownerId') : key;
        const name = random.chance(0.15) ? `owner_${key.toLowerCase()}` : undefined;
        return [key, { property, type: this.tenantType(key), ...(name && { name }), ...(within && { within }) }];
      }),
    );
    const isPlain = within === undefined;
    return {
      kind: 'own',
      columns,
      ...(isRenamed &&
        isPlain &&
        kept.includes('organizationId') &&
        (this.namesOwners || random.chance(0.6)) && { decoy: true }),
      ...(isPlain && !this.namesOwners && random.chance(0.15) && { nullMeans: 'shared' }),
    };
  }

  private tenantType(key: string): SqlType {
    const { random, engine, scope } = this;
    const kind = scope === 'pair' ? (key === 'region' ? 'text' : 'number') : scope;
    const misfit = MISFITS[engine][kind];
    return misfit !== undefined && this.hasMisfits && random.chance(0.7)
      ? misfit
      : random.pick(TENANT_TYPES[engine][kind]);
  }

  private declared(owner: Owner): EntityModel['declared'] {
    const { random } = this;
    if (owner.kind === 'via') return random.pick(['class', 'class', 'list'] as const);
    if (owner.kind === 'shared') return random.pick(['class', 'list'] as const);
    const isPlain =
      owner.decoy === undefined &&
      owner.nullMeans === undefined &&
      Object.keys(owner.columns).length === keysOf(this.scope).length &&
      Object.entries(owner.columns).every(([key, column]) => pathOf(column) === key);
    return random.pick([
      'class',
      'class',
      'class',
      'list',
      'base',
      ...(owner.decoy ? (['base', 'base', 'base', 'base'] as const) : []),
      ...(isPlain ? (['controller'] as const) : []),
    ] as const);
  }

  private key(owner: Owner): KeyKind {
    const { random } = this;
    const isEmbedded = owner.kind === 'own' && Object.values(owner.columns).some(({ within }) => within !== undefined);
    const mayHoldTenant = owner.kind === 'own' && !owner.nullMeans && !isEmbedded;
    if (mayHoldTenant && random.chance(0.1)) return 'tenant';
    return random.pick([
      'increment',
      'increment',
      'increment',
      'increment',
      'uuid',
      'uuid',
      'text',
      'number',
      'parts',
    ] as const);
  }

  private columns(): ColumnModel[] {
    const { random } = this;
    const columns: ColumnModel[] = [{ property: 'name', kind: 'text' }];
    const more: (readonly [string, ColumnKind, number])[] = [
      ['amount', 'number', 0.7],
      ['code', 'text', 0.4],
      ['price', 'decimal', 0.2],
      ['isOpen', 'flag', 0.3],
      ['details', 'json', 0.15],
      ['secret', 'text', 0.25],
      ['doubled', 'virtual', 0.1],
    ];
    for (const [property, kind, chance] of more) {
      if (!random.chance(chance) || (kind === 'virtual' && columns.every((column) => column.property !== 'amount')))
        continue;
      columns.push({
        property,
        kind,
        ...(property !== 'code' && { nullable: true }),
        ...(property === 'secret' && { hidden: random.pick(['select', 'exclude'] as const) }),
        ...(property === 'code' && random.chance(0.3) && { transformed: true }),
        ...(kind !== 'virtual' && random.chance(0.1) && { name: `c_${property.toLowerCase()}` }),
      });
    }
    if (random.chance(0.2))
      columns.push(
        { property: 'city', kind: 'text', nullable: true, within: 'address' },
        { property: 'zip', kind: 'text', nullable: true, within: 'address' },
      );
    return columns;
  }

  private viaRelation(mayBeSingle: boolean): RelationModel {
    const { random } = this;
    const targets = this.entities.filter((one) => one.owner.kind !== 'shared' && one.kind === 'table');
    // The latest first, so that chains of several levels come about.
    const target = random.chance(0.5) ? targets.at(-1)! : random.pick(targets);
    return {
      property: 'parent',
      kind: mayBeSingle && this.belongsToOne(target) && random.chance(0.15) ? 'one-to-one' : 'many-to-one',
      target: target.name,
      ...(random.chance(0.5) && { inverse: `partsOf${this.entities.length}` }),
      ...this.rules(false),
      ...(random.chance(0.4) && isSingle(target) && { column: 'parentId' }),
    };
  }

  private relations(name: string, owner: Owner, mayBeSingle: boolean): RelationModel[] {
    const { random } = this;
    const candidates = this.entities.filter(({ kind }) => kind !== 'view');
    const count = Math.min(candidates.length, random.pick([0, 1, 1, 2, 2, 3]));
    const relations: RelationModel[] = [];
    for (const target of random.shuffled(candidates).slice(0, count))
      relations.push(this.relation(lower(target.name), target, owner, mayBeSingle));
    if (random.chance(0.15))
      relations.push({ property: 'previous', kind: 'many-to-one', target: name, nullable: true, ...this.rules(true) });
    return relations;
  }

  /** Whether each row of an entity belongs to exactly one tenant. */
  private belongsToOne(entity: EntityModel): boolean {
    const { owner } = entity;
    if (owner.kind === 'own' && owner.nullMeans) return false;
    return tenantKeysOf(this.draft(), entity).length === keysOf(this.scope).length;
  }

  private relation(property: string, target: EntityModel, owner: Owner, mayBeSingle: boolean): RelationModel {
    const { random } = this;
    const kinds: RelationModel['kind'][] = [
      'many-to-one',
      'many-to-one',
      'many-to-one',
      'many-to-many',
      'many-to-many',
    ];
    const isShared = owner.kind === 'shared';
    // Only a shared row has links of several tenants.
    const linksTenants = isShared !== (target.owner.kind === 'shared');
    if (linksTenants) kinds.push('many-to-many', 'many-to-many', 'many-to-many');
    if (mayBeSingle && !isShared && this.belongsToOne(target)) kinds.push('one-to-one');
    if (isSingle(target) && target.kind !== 'child') {
      kinds.push('foreign-key');
      // Few pairs of entities are of these two kinds of owners.
      if ([owner.kind, target.owner.kind].sort().join() === 'shared,via')
        kinds.push('foreign-key', 'foreign-key', 'foreign-key', 'foreign-key');
    }
    const kind = random.pick(kinds);
    const isMany = kind === 'many-to-many';
    // Nothing compels a shared row to point to a tenant's.
    const nullable = kind === 'foreign-key' || (isShared && target.owner.kind !== 'shared') || random.chance(0.6);
    return {
      property: kind === 'foreign-key' ? `${property}Key` : property,
      kind,
      target: target.name,
      ...(kind !== 'foreign-key' &&
        random.chance(linksTenants ? 0.9 : isMany ? 0.6 : 0.4) && {
          inverse: `${isMany ? 'linked' : 'all'}${this.entities.length}`,
        }),
      ...(!isMany && nullable && { nullable: true }),
      ...(!isMany && this.rules(nullable)),
      ...(isMany && random.chance(0.3) && { onDelete: 'CASCADE' as const }),
      ...(!isMany && kind !== 'foreign-key' && isSingle(target) && random.chance(0.4) && { column: `${property}Ref` }),
      ...(kind !== 'foreign-key' &&
        isSingle(target) &&
        random.chance(isMany && linksTenants ? 0.5 : 0.15) && { ids: `${property}Keys` }),
      ...(!isMany && kind !== 'foreign-key' && random.chance(0.06) && { eager: true }),
      ...(kind !== 'foreign-key' && random.chance(0.2) && { cascade: true }),
    };
  }

  private rules(nullable: boolean): Pick<RelationModel, 'onDelete' | 'onUpdate'> {
    const { random } = this;
    const onDelete = random.pick([
      'CASCADE',
      nullable ? 'SET NULL' : 'CASCADE',
      'RESTRICT',
      'NO ACTION',
      undefined,
    ] as const);
    const onUpdate = random.chance(0.15)
      ? random.pick(['CASCADE', nullable ? 'SET NULL' : 'CASCADE', 'RESTRICT'] as const)
      : undefined;
    return { ...(onDelete && { onDelete }), ...(onUpdate && { onUpdate }) };
  }

  private uniques(owner: Owner, columns: readonly ColumnModel[], parent: RelationModel | undefined): UniqueModel[] {
    const { random } = this;
    if (!columns.some(({ property }) => property === 'code') || random.chance(0.3)) return [];
    if (owner.kind === 'own') {
      const isPartial = this.engine !== 'mariadb' && columns.some(({ property }) => property === 'amount');
      return [{ properties: ['code'], ...(isPartial && random.chance(0.3) && { partial: true }) }];
    }
    return parent?.kind === 'many-to-one' ? [{ properties: ['parent', 'code'] }] : [];
  }

  private addChildren(root: EntityModel): void {
    const { random } = this;
    for (const suffix of ['Call', 'Note', 'Event'].slice(0, random.between(2, 3))) {
      const own = `${suffix.toLowerCase()}Text`;
      const others = this.entities.filter(
        ({ name, kind, of }) => name !== root.name && of !== root.name && kind !== 'view',
      );
      const targets = random.chance(0.85) && others.length > 0 ? [random.pick(others)] : [];
      const relations = targets.map((target): RelationModel => {
        const relation = this.relation(`${suffix.toLowerCase()}${target.name}`, target, root.owner, true);
        const { inverse: _inverse, ...rest } = relation;
        return rest.kind === 'many-to-many' ? rest : { ...rest, nullable: true };
      });
      this.entities.push({
        name: `${root.name}${suffix}`,
        place: this.entities.length,
        kind: 'child',
        of: root.name,
        owner: root.owner,
        declared: 'class',
        key: root.key,
        columns: [{ property: own, kind: 'text', nullable: true }],
        relations,
        uniques: [],
        ...(root.version && { version: true }),
        ...(root.softDelete && { softDelete: true }),
        ...(root.instants && { instants: true }),
      });
    }
  }

  private addView(): void {
    const shown = this.entities.find(
      ({ kind, owner, key }) => kind === 'table' && owner.kind === 'own' && (key === 'increment' || key === 'uuid'),
    );
    if (shown === undefined) return;
    this.entities.push({
      name: `${shown.name}View`,
      place: this.entities.length,
      kind: 'view',
      of: shown.name,
      owner: shown.owner,
      declared: 'class',
      key: shown.key,
      columns: [{ property: 'name', kind: 'text' }],
      relations: [],
      uniques: [],
    });
  }

  private addSecond(): void {
    const name = this.names.shift()!;
    const keys = keysOf(this.scope);
    const columns = keys.map((key): [string, TenantColumn] => [key, { property: key, type: this.tenantType(key) }]);
    this.entities.push({
      name,
      place: this.entities.length,
      kind: 'table',
      owner: { kind: 'own', columns: Object.fromEntries(columns) },
      declared: 'class',
      key: 'increment',
      columns: [{ property: 'name', kind: 'text' }],
      relations: [],
      uniques: [],
      second: true,
    });
  }

  private withResource(entity: EntityModel): EntityModel {
    const { random } = this;
    const mustServe = entity.declared === 'controller' || (entity.declared === 'base' && entity.owner.kind === 'own');
    if (!mustServe && random.chance(0.15)) return entity;
    return { ...entity, resource: this.resource(entity) };
  }

  private resource(entity: EntityModel): ResourceModel {
    const { random } = this;
    const root = entity.kind === 'child' ? this.entities.find(({ name }) => name === entity.of)! : entity;
    const relations = (entity === root ? entity.relations : [...root.relations, ...entity.relations]).filter(
      ({ kind }) => kind !== 'foreign-key',
    );
    const backwardsTo = (name: string): string[] =>
      this.entities.flatMap((from) =>
        from.relations.filter(({ target, inverse }) => target === name && inverse).map(({ inverse }) => inverse!),
      );
    const backwards = backwardsTo(entity.name);
    const targetOf = (name: string): EntityModel => this.entities.find((one) => one.name === name)!;
    const deeper = relations.flatMap(({ property, target }) =>
      targetOf(target)
        .relations.filter(({ kind }) => kind !== 'foreign-key')
        .map((next) => `${property}.${next.property}`),
    );
    // Of a shared row the rows of all tenants are below it.
    const below = relations
      .filter(({ target }) => targetOf(target).owner.kind === 'shared')
      .flatMap(({ property, target }) => backwardsTo(target).map((next) => `${property}.${next}`));
    const include = [
      ...[...relations.map(({ property }) => property), ...deeper].filter(() => random.chance(0.6)),
      ...[...backwards, ...below].filter(() => random.chance(root.owner.kind === 'shared' ? 0.9 : 0.7)),
    ];
    const own = (entity === root ? entity.columns : [...root.columns, ...entity.columns])
      .filter(({ kind, hidden }) => kind !== 'json' && kind !== 'virtual' && hidden === undefined)
      .map(pathOf);
    const related = [
      ...relations.map(({ property }) => `${property}.name`),
      ...backwards.map((property) => `${property}.name`),
      ...deeper.map((path) => `${path}.name`),
    ];
    const keys = root.key === 'increment' || root.key === 'uuid' ? ['id'] : [];
    const toOne = relations.filter(({ kind }) => kind !== 'many-to-many');
    const parents = toOne.filter(({ target, nullable }) => nullable === undefined && isSingle(targetOf(target)));
    const mayHaveParent = entity.kind === 'table' && root.owner.kind !== 'shared' && parents.length > 0;
    const many = relations.filter(({ kind }) => kind === 'many-to-many').map(({ property }) => property);
    return {
      ...(mayHaveParent && random.chance(0.4) && { parent: random.pick(parents).property }),
      include,
      ...(random.chance(0.7) && { filter: [...keys, ...own, ...related.filter(() => random.chance(0.6))] }),
      ...(random.chance(0.5) && {
        sort: [...own, ...toOne.map(({ property }) => `${property}.name`).filter(() => random.chance(0.6))],
      }),
      search: random.chance(0.6) ? ['name'] : [],
      links: entity.kind === 'view' ? [] : many.filter(() => random.chance(0.7)),
      listFormat: random.pick(['page', 'page', 'array'] as const),
      count: random.pick(['exact', 'exact', 'none', 'capped'] as const),
      ...(random.chance(0.15) && { strict: true }),
      ...(entity.softDelete && random.chance(0.4) && { deleted: true }),
      ...(random.chance(0.3) && { dto: true }),
      ...(random.chance(0.2) && { hooks: true }),
      ...(entity.version && random.chance(0.15) && { requireIfMatch: true }),
    };
  }

  private draft(): Model {
    return { entities: this.entities } as unknown as Model;
  }
}

function lower(name: string): string {
  return name[0].toLowerCase() + name.slice(1);
}
