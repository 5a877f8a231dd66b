import type { Random } from '../../support/random.js';
import type { Answer } from '../../support/transport.js';
import { pathOfKey, valueOfKey } from './known-keys.js';
import type { KeyParts, KnownKeys } from './known-keys.js';
import { columnsOf, entityOf, givenKeyOf, isSingle, pathOf, relationsOf, rootOf, TENANTS } from './model.js';
import type { EntityModel, Model, RelationModel, TenantName } from './model.js';
import { isWritten, parentOf, pathOfResource } from './resources.js';
import { scopeValue } from './rows.js';
import type { RequestStep } from './steps.js';

type Query = [name: string, value: string][];
type Body = Record<string, unknown>;
type Method = RequestStep['method'];

const WORDS = ['Alpha', 'Beta', 'Gamma', 'Hidden', 'a', '%', 'c1', ''];
const OPERATORS = [
  '',
  '__ne',
  '__in',
  '__not_in',
  '__lt',
  '__gte',
  '__between',
  '__contains',
  '__istarts_with',
  '__is_null',
];

/** Makes requests to the resources of a model: every route with every option, in the name of any tenant. */
export class RequestGenerator {
  private readonly served: readonly EntityModel[];
  /** Pages of which an answer named the next. */
  private readonly pages: {
    readonly step: number;
    readonly url: string;
    readonly key: string;
    readonly entity: EntityModel;
  }[] = [];
  private readonly tags: number[] = [];
  private readonly deleted: { readonly entity: EntityModel; readonly path: string }[] = [];
  private features: string[] = [];
  private tenant: TenantName = 'acme';
  private step = 0;

  constructor(
    private readonly model: Model,
    private readonly random: Random,
    readonly keys: KnownKeys,
  ) {
    this.served = model.entities.filter(({ resource }) => resource !== undefined);
  }

  /** Whether the model has any resource. */
  get isPossible(): boolean {
    return this.served.length > 0;
  }

  /**
   * @param id of the step
   * @param mayWrite whether a resource may be written
   */
  next(id: number, tenant: TenantName, mayWrite: (entity: EntityModel) => boolean): RequestStep {
    const { random } = this;
    this.tenant = tenant;
    this.features = [];
    this.step = id;
    const entity = random.pick(this.served);
    const writes = isWritten(this.model, entity) && mayWrite(entity);
    const kinds: (() => RequestStep)[] = [
      () => this.list(entity),
      () => this.list(entity),
      () => this.list(entity),
      () => this.page(entity),
      () => this.read(entity),
      () => this.read(entity),
    ];
    if (writes) {
      kinds.push(
        () => this.create(entity),
        () => this.create(entity),
        () => this.createMany(entity),
        () => this.change('PATCH', entity),
        () => this.change('PATCH', entity),
        () => this.change('PUT', entity),
        () => this.remove(entity),
      );
      if (entity.softDelete) kinds.push(() => this.restore(entity));
      if (entity.resource!.links.length > 0)
        kinds.push(
          () => this.link(entity),
          () => this.link(entity),
        );
    }
    if (entity.tree && mayWrite(entity)) kinds.push(() => this.remove(entity));
    return random.pick(kinds)();
  }

  /** Remembers what Acme's answer names. */
  learn(step: RequestStep, { status, headers, text }: Answer): void {
    if (status >= 300) return;
    if (typeof headers['etag'] === 'string' && step.url.split('?')[0].split('/').length > 2) this.tags.push(step.id);
    const body = parse(text);
    const entity = this.served.find((one) => step.url.includes(`/${lastOf(pathOfResource(this.model, one))}`));
    if (entity === undefined) return;
    for (const key of ['nextCursor', 'prevCursor'])
      if (typeof body?.[key] === 'string') this.pages.push({ step: step.id, url: step.url, key, entity });
    if (status === 201 && step.creates !== undefined && step.body instanceof Object && !Array.isArray(step.body))
      this.keys.add(step.tenant, entityOf(this.model, step.creates), step.id, step.body as KeyParts);
    if (step.method === 'DELETE' && entity.softDelete) this.deleted.push({ entity, path: step.url.split('?')[0] });
  }

  private note(feature: string): void {
    this.features.push(feature);
  }

  private made(method: Method, url: string, body?: unknown, more: Partial<RequestStep> = {}): RequestStep {
    const { random } = this;
    const headers: Record<string, string> = { ...more.headers };
    if (body !== undefined) headers['content-type'] ??= 'application/json';
    if (random.chance(0.05)) {
      this.note('problem document');
      headers['accept'] = 'application/problem+json';
    }
    return {
      ...more,
      kind: 'request',
      id: this.step,
      tenant: this.tenant,
      features: this.features,
      method,
      url,
      ...(Object.keys(headers).length > 0 && { headers }),
      ...(body !== undefined && { body }),
    };
  }

  /** The path of a resource, below an own, a foreign or a missing parent. */
  private base(entity: EntityModel): string {
    const parent = parentOf(this.model, entity);
    const path = `/${pathOfResource(this.model, entity)}`;
    if (parent === undefined) return path;
    const { key, whose } = this.keys.pick(this.tenant, parent, 0.15);
    this.note(`${whose} parent`);
    return path.replace(/:\w+/, pathOfKey(key));
  }

  private row(entity: EntityModel, foreign = 0.25): string {
    const { key, whose } = this.keys.pick(this.tenant, entity, foreign);
    this.note(`${whose} row`);
    return `${this.base(entity)}/${pathOfKey(key)}`;
  }

  private list(entity: EntityModel): RequestStep {
    const { random } = this;
    const resource = entity.resource!;
    const query: Query = [];
    this.note(resource.listFormat === 'array' ? 'flat list' : 'list');
    if (random.chance(0.5)) query.push(['limit', String(random.pick([1, 2, 3, 10, 51]))]);
    if (random.chance(0.25)) this.put(query, 'cursor', '');
    else if (random.chance(0.2)) this.put(query, 'offset', String(random.below(4)));
    if (random.chance(0.2)) this.put(query, 'count', random.pick(['exact', 'none', 'capped']));
    if (resource.search.length > 0 && random.chance(0.25)) this.put(query, 'search', random.pick(WORDS));
    if (resource.deleted && random.chance(0.4)) this.put(query, 'deleted', random.pick(['include', 'only']));
    this.select(entity, query);
    const sorts = resource.sort ?? this.visible(entity);
    if (random.chance(0.4) && sorts.length > 0) {
      const path = random.pick(sorts);
      this.note(path.split('.').length > 1 ? 'sort over a relation' : 'sort');
      query.push(['sort', `${random.pick(['', '-'])}${path}${random.pick(['', '', '__nullsfirst'])}`]);
    }
    const filters = resource.filter ?? this.visible(entity);
    if (random.chance(0.5) && filters.length > 0) {
      if (random.chance(0.4)) {
        this.note('filters as JSON');
        query.push(['filters', JSON.stringify(this.filter(filters, 2))]);
      } else query.push(...this.condition(filters));
    }
    if (random.chance(0.03)) this.put(query, 'tenant', this.otherTenant());
    return this.made('GET', `${this.base(entity)}${textOf(query)}`);
  }

  private put(query: Query, name: string, value: string): void {
    this.note(name);
    query.push([name, value]);
  }

  /** `include` and `fields`. */
  private select(entity: EntityModel, query: Query): void {
    const { random } = this;
    const { include } = entity.resource!;
    if (include.length > 0 && random.chance(0.5)) {
      const paths = random.shuffled(include).slice(0, random.between(1, 3));
      this.note(paths.some((path) => path.includes('.')) ? 'nested include' : 'include');
      query.push(['include', paths.join()]);
    }
    if (random.chance(0.15)) {
      const fields = this.visible(entity).filter(() => random.chance(0.5));
      if (fields.length > 0) this.put(query, 'fields', fields.join());
    }
  }

  private visible(entity: EntityModel): string[] {
    return columnsOf(this.model, entity)
      .filter(({ kind, hidden }) => hidden === undefined && kind !== 'json' && kind !== 'virtual')
      .map(pathOf);
  }

  private condition(paths: readonly string[]): Query {
    const { random } = this;
    const path = random.pick(paths);
    this.note(path.split('.').length > 1 ? 'filter over a relation' : 'filter');
    const operator = random.pick(OPERATORS);
    if (operator !== '') this.note(`filter${operator}`);
    const value = (): string => this.comparable(path);
    if (operator === '__is_null') return [[`${path}${operator}`, random.pick(['true', 'false'])]];
    const isList = operator === '__in' || operator === '__not_in' || operator === '__between';
    return [[`${path}${operator}`, isList ? `${value()},${value()}` : value()]];
  }

  private comparable(path: string): string {
    const { random } = this;
    const property = path.split('.').at(-1)!;
    if (property === 'amount') return String(random.pick([10, 11, 20, 21, 30]));
    if (property === 'price') return random.pick(['0.50', '1.50']);
    if (property === 'isOpen') return random.pick(['true', 'false']);
    if (property === 'id') return String(random.pick([101, 201, 1001]));
    return random.pick(WORDS);
  }

  private filter(paths: readonly string[], depth: number): Body {
    const { random } = this;
    if (depth > 0 && random.chance(0.4)) {
      const parts = [this.filter(paths, depth - 1), this.filter(paths, depth - 1)];
      const group = random.pick(['$or', '$and', '$not']);
      return { [group]: group === '$not' ? parts[0] : parts };
    }
    const [[name, value]] = this.condition(paths);
    const property = name.split('__')[0].split('.').at(-1);
    const isList = /__(?:not_)?in$|__between$/.test(name);
    const typed = (text: string): unknown => {
      if (property === 'amount' || (property === 'id' && /^\d+$/.test(text))) return Number(text);
      return property === 'isOpen' ? text === 'true' : text;
    };
    if (name.endsWith('__is_null')) return { [name]: value === 'true' };
    return { [name]: isList ? value.split(',').map(typed) : typed(value) };
  }

  /** The page behind a cursor, as it is or as a client has made another one of it. */
  private page(entity: EntityModel): RequestStep {
    const { random } = this;
    const pages = this.pages.filter((page) => page.entity === entity);
    if (pages.length === 0 || this.tenant !== 'acme') return this.list(entity);
    const { step, url, key } = random.pick(pages);
    const [path, query] = url.split('?');
    const rest = [...new URLSearchParams(query)].filter(([name]) => name !== 'cursor' && name !== 'offset');
    this.note(key === 'nextCursor' ? 'next page' : 'previous page');
    if (random.chance(0.25)) {
      this.note('cursor of another list');
      const sort = rest.some(([name, value]) => name === 'sort' && value === 'name') ? '-name' : 'name';
      const other = textOf([...rest.filter(([name]) => name !== 'sort'), ['sort', sort]]);
      return this.made('GET', `${path}${other}&cursor={{${step}.${key}}}`, undefined, { isBad: true });
    }
    const text = textOf(rest);
    return this.made('GET', `${path}${text}${text === '' ? '?' : '&'}cursor={{${step}.${key}}}`);
  }

  private read(entity: EntityModel): RequestStep {
    const query: Query = [];
    this.note('row');
    this.select(entity, query);
    const method = this.random.chance(0.05) ? 'HEAD' : 'GET';
    if (method === 'HEAD') this.note('HEAD');
    const headers = this.random.chance(0.2) ? this.precondition('if-none-match') : {};
    return this.made(method, `${this.row(entity)}${textOf(query)}`, undefined, { headers });
  }

  private precondition(name: 'if-match' | 'if-none-match'): Record<string, string> {
    const { random } = this;
    this.note(name);
    if (this.tags.length === 0 || random.chance(0.3)) return { [name]: random.pick(['*', '"none"']) };
    return { [name]: `{{${random.pick(this.tags.slice(-20))}.etag}}` };
  }

  private create(entity: EntityModel): RequestStep {
    this.note('create');
    return this.made('POST', this.base(entity), this.body(entity, true), { creates: entity.name });
  }

  private createMany(entity: EntityModel): RequestStep {
    this.note('create many');
    const bodies = this.random.several(this.random.between(1, 3), () => this.body(entity, true));
    return this.made('POST', `${this.base(entity)}/bulk`, bodies);
  }

  private change(method: 'PATCH' | 'PUT', entity: EntityModel): RequestStep {
    const { random } = this;
    this.note(method === 'PATCH' ? 'update' : 'replace');
    const headers: Record<string, string> =
      entity.resource!.requireIfMatch || random.chance(0.15) ? this.precondition('if-match') : {};
    if (method === 'PATCH' && random.chance(0.1)) headers['content-type'] = 'application/merge-patch+json';
    return this.made(method, this.row(entity), this.body(entity, method === 'PUT'), { headers });
  }

  private remove(entity: EntityModel): RequestStep {
    this.note('remove');
    const headers = entity.resource!.requireIfMatch ? this.precondition('if-match') : {};
    return this.made('DELETE', this.row(entity, 0.4), undefined, { headers });
  }

  private restore(entity: EntityModel): RequestStep {
    this.note('restore');
    const deleted = this.deleted.filter((one) => one.entity === entity);
    if (deleted.length > 0 && this.tenant === 'acme' && this.random.chance(0.4))
      return this.made('POST', `${this.random.pick(deleted).path}/restore`);
    return this.made('POST', `${this.row(entity, 0.4)}/restore`);
  }

  private link(entity: EntityModel): RequestStep {
    const { random } = this;
    const property = random.pick(entity.resource!.links);
    const relation = relationsOf(this.model, entity).find((one) => one.property === property)!;
    const { key, whose } = this.keys.pick(this.tenant, entityOf(this.model, relation.target), 0.35);
    this.note(`link to ${whose} row`);
    return this.made(
      random.pick(['PUT', 'PUT', 'DELETE'] as const),
      `${this.row(entity, 0.2)}/${property}/${pathOfKey(key)}`,
    );
  }

  private body(entity: EntityModel, isWhole: boolean): Body | string {
    const { random, model } = this;
    const body: Body = {};
    if (random.chance(0.02)) {
      this.note('bad body');
      return random.pick(['[', '"text"', 'null', '{"__proto__":{"id":1}}']);
    }
    for (const column of columnsOf(model, entity)) {
      const { property, within, kind, hidden } = column;
      if (kind === 'virtual' || (hidden !== undefined && random.chance(0.8))) continue;
      if (!isWhole && random.chance(0.6)) continue;
      if (isWhole && column.nullable && random.chance(0.4)) continue;
      const value = this.columnValue(column.property, kind, column.nullable === true);
      if (within === undefined) body[property] = value;
      else body[within] = { ...(body[within] as Body | undefined), [property]: value };
    }
    for (const relation of relationsOf(model, entity)) this.reference(entity, relation, isWhole, body);
    if (isWhole) Object.assign(body, givenKeyOf(model, entity).length > 0 ? this.keys.fresh(this.tenant, entity) : {});
    if (random.chance(0.08)) this.stray(entity, body);
    return body;
  }

  private columnValue(property: string, kind: string, nullable: boolean): unknown {
    const { random } = this;
    if (random.chance(0.03)) {
      this.note('value of another type');
      return random.pick([{}, [1], 'x'.repeat(70), 1.5]);
    }
    if (nullable && random.chance(0.15)) return null;
    if (property === 'code') return `c${random.below(40)}`;
    if (kind === 'number') return random.below(50);
    if (kind === 'decimal') return random.pick(['0.25', '7.50']);
    if (kind === 'flag') return random.chance(0.5);
    if (kind === 'json') return { n: random.below(5) };
    return `${random.pick(WORDS)} ${random.below(9)}`;
  }

  /** A reference by the property of the relation, or by that of its column. */
  private reference(entity: EntityModel, relation: RelationModel, isWhole: boolean, body: Body): void {
    const { random, model } = this;
    const { property, kind, nullable, column } = relation;
    const target = entityOf(model, relation.target);
    const isParent = entity.resource?.parent === property;
    if (kind === 'many-to-many') {
      if (!entity.resource?.dto || random.chance(0.5)) return;
      const picked = random.several(random.between(0, 3), () => this.keys.pick(this.tenant, target, 0.15));
      this.note(picked.some(({ whose }) => whose === 'foreign') ? 'list with a foreign row' : 'list of references');
      body[property] = picked.map(({ key }) => valueOfKey(key, random.chance(0.3)));
      return;
    }
    // No body has a reference of several columns.
    if (!isSingle(rootOf(model, target))) return;
    const isNeeded = isWhole && nullable === undefined && !isParent;
    if (!isNeeded && random.chance(isParent ? 0.8 : 0.55)) return;
    if (nullable && random.chance(0.1)) {
      body[column ?? property] = null;
      return;
    }
    const { key, whose } = this.keys.pick(this.tenant, target, isNeeded ? 0.12 : 0.3);
    this.note(`reference to ${whose} row`);
    if (column !== undefined && random.chance(0.7)) body[column] = valueOfKey(key);
    else if (kind === 'foreign-key') body[property] = valueOfKey(key);
    else body[property] = valueOfKey(key, random.chance(0.4));
  }

  /** What no honest client sends: another tenant, a sibling's column, an unknown word. */
  private stray(entity: EntityModel, body: Body): void {
    const { random, model } = this;
    const { owner } = rootOf(model, entity);
    if (owner.kind === 'own' && random.chance(0.6)) {
      const [key, column] = random.pick(Object.entries(owner.columns));
      this.note("another tenant's key in a body");
      const value = scopeValue(model, key, model.tenants[random.pick(TENANTS.filter((name) => name !== this.tenant))]);
      const sent = typeof value === 'bigint' ? String(value) : value;
      if (column.within === undefined) body[column.property] = sent;
      else body[column.within] = { [column.property]: sent };
      return;
    }
    const siblings = model.entities.filter(
      ({ kind, of, name }) => kind === 'child' && of === entity.of && name !== entity.name,
    );
    const foreign = siblings.flatMap((sibling) => sibling.relations.map((relation) => ({ relation })));
    if (entity.kind === 'child' && foreign.length > 0) {
      const { relation } = random.pick(foreign);
      this.note("a sibling's column in a body");
      const { key } = this.keys.pick(this.tenant, entityOf(model, relation.target), 0.6);
      body[relation.column ?? relation.property] = valueOfKey(key);
      return;
    }
    this.note('unknown property');
    body['nonsense'] = 1;
  }

  private otherTenant(): string {
    return Object.values(this.model.tenants.globex)[0];
  }
}

function textOf(query: Query): string {
  return query.length === 0 ? '' : `?${new URLSearchParams(query).toString()}`;
}

function parse(text: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Body) : undefined;
  } catch {
    return undefined;
  }
}

function lastOf(path: string): string {
  return path.split('/').at(-1)!;
}
