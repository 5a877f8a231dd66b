import { columnsOf, relationsOf } from './model.js';
import type { EntityModel, Model } from './model.js';
import { playAll } from './player.js';
import type { Finding } from './player.js';
import { RefusedModel } from './world.js';
import type { Step } from './steps.js';

/** A model, what is done with it, and what that shows. */
export interface Case {
  readonly model: Model;
  readonly steps: readonly Step[];
  readonly finding: Finding;
}

/** How long making a case smaller may take, in milliseconds. */
const PATIENCE = 120_000;

/** Makes a case smaller, as long as it still shows the same kind of finding: first what is done, then the model, then what is done once more. */
export async function shrink(found: Case): Promise<Case> {
  const shrinker = new Shrinker(found);
  await shrinker.leaveOutSteps();
  await shrinker.simplifyModel();
  await shrinker.leaveOutSteps();
  return shrinker.smallest;
}

class Shrinker {
  private readonly start = performance.now();

  constructor(public smallest: Case) {}

  async leaveOutSteps(): Promise<void> {
    for (let size = Math.ceil(this.smallest.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let end = this.smallest.steps.length; end > 0; end -= size) {
        const { model, steps } = this.smallest;
        const left = [...steps.slice(0, Math.max(0, end - size)), ...steps.slice(end)];
        if (left.length < steps.length) await this.attempt(model, left);
      }
    }
  }

  async simplifyModel(): Promise<void> {
    let isSmaller = true;
    while (isSmaller) {
      isSmaller = false;
      for (const model of simpler(this.smallest.model)) {
        if (!(await this.attempt(model, this.smallest.steps))) continue;
        isSmaller = true;
        break;
      }
    }
  }

  /** Takes a smaller case if it shows the same. */
  private async attempt(model: Model, steps: readonly Step[]): Promise<boolean> {
    if (performance.now() - this.start > PATIENCE) return false;
    try {
      const finding = await playAll(model, steps);
      if (finding?.kind !== this.smallest.finding.kind) return false;
      this.smallest = { model, steps, finding };
      return true;
    } catch (error) {
      if (error instanceof RefusedModel || error instanceof Error) return false;
      throw error;
    }
  }
}

/** Models that are simpler than a model by one thing, the largest things first. */
function* simpler(model: Model): Generator<Model> {
  const { entities } = model;
  for (const entity of entities) yield without(model, entity);
  const { prefix: _prefix, ...bare } = model;
  if (model.prefix !== undefined) yield bare;
  if (model.cache) yield { ...model, cache: false };
  if (model.definesFields) yield { ...model, definesFields: false };
  for (const entity of entities) {
    const put = (changed: EntityModel): Model => ({
      ...model,
      entities: entities.map((one) => (one === entity ? changed : one)),
    });
    const { resource, ...unserved } = entity;
    if (resource !== undefined) yield put(unserved);
    for (const relation of entity.relations)
      yield withoutPaths(put({ ...entity, relations: entity.relations.filter((one) => one !== relation) }));
    for (const column of entity.columns)
      if (column.property !== 'name')
        yield withoutPaths(put({ ...entity, columns: entity.columns.filter((one) => one !== column), uniques: [] }));
    if (entity.uniques.length > 0) yield put({ ...entity, uniques: [] });
    for (const mark of ['version', 'softDelete', 'instants', 'tree', 'schema'] as const) {
      if (entity[mark] === undefined) continue;
      const { [mark]: _mark, ...rest } = entity;
      yield put(rest);
    }
    if (resource === undefined) continue;
    for (const option of ['strict', 'deleted', 'dto', 'hooks', 'requireIfMatch', 'sort', 'filter', 'parent'] as const) {
      if (resource[option] === undefined) continue;
      const { [option]: _option, ...rest } = resource;
      yield put({ ...entity, resource: rest });
    }
    for (const option of ['include', 'search', 'links'] as const)
      if (resource[option].length > 0) yield put({ ...entity, resource: { ...resource, [option]: [] } });
  }
}

/** A model without an entity, its children and views, and what refers to them. */
function without(model: Model, gone: EntityModel): Model {
  const isGone = (entity: EntityModel): boolean => entity === gone || entity.of === gone.name;
  const names = new Set(model.entities.filter(isGone).map(({ name }) => name));
  const left = model.entities.filter((entity) => !isGone(entity));
  return withoutPaths({
    ...model,
    entities: left.map((entity) => ({
      ...entity,
      relations: entity.relations.filter(({ target }) => !names.has(target)),
    })),
  });
}

/** Leaves out of the resources' options what names properties that are gone. */
function withoutPaths(model: Model): Model {
  const inverses = (entity: EntityModel): string[] =>
    model.entities.flatMap(({ relations }) =>
      relations.filter(({ target, inverse }) => target === entity.name && inverse).map(({ inverse }) => inverse!),
    );
  return {
    ...model,
    entities: model.entities.map((entity) => {
      if (entity.resource === undefined) return entity;
      const known = new Set([
        'id',
        ...columnsOf(model, entity).map(({ property, within }) => within ?? property),
        ...relationsOf(model, entity).map(({ property }) => property),
        ...inverses(entity),
      ]);
      const kept = (paths: readonly string[]): string[] => paths.filter((path) => known.has(path.split('.')[0]));
      const { include, filter, sort, search, links, ...rest } = entity.resource;
      return {
        ...entity,
        resource: {
          ...rest,
          include: kept(include),
          ...(filter && { filter: kept(filter) }),
          ...(sort && { sort: kept(sort) }),
          search: kept(search),
          links: kept(links),
        },
      };
    }),
  };
}
