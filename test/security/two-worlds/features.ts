import { relationsOf, rootOf } from './model.js';
import type { EntityModel, Model } from './model.js';

/** What takes part in a model, in words: the summary of a run counts them. */
export function featuresOf(model: Model): ReadonlySet<string> {
  const features = new Set<string>([
    `scope: ${model.scope}`,
    `adapter: ${model.adapter}`,
    model.definesFields ? 'fields defined' : 'fields assigned',
  ]);
  if (model.cache) features.add('query cache');
  if (model.prefix !== undefined) features.add('entity prefix');
  for (const entity of model.entities) for (const feature of featuresOfEntity(model, entity)) features.add(feature);
  return features;
}

function* featuresOfEntity(model: Model, entity: EntityModel): Generator<string> {
  const { owner } = entity;
  yield `kind: ${entity.kind}`;
  yield `key: ${entity.key}`;
  yield `declared: ${entity.declared}`;
  if (entity.tree) yield `tree: ${entity.tree}`;
  for (const mark of ['version', 'softDelete', 'instants', 'schema', 'second'] as const) if (entity[mark]) yield mark;
  if (owner.kind === 'own') {
    if (owner.nullMeans) yield 'NULL rows';
    if (owner.decoy) yield "a column called like the scope's key";
    if (model.scope === 'pair' && Object.keys(owner.columns).length === 1) yield 'omitted key';
    for (const { type, within, name } of Object.values(owner.columns)) {
      yield `tenant column: ${type.type}`;
      if (within) yield 'embedded tenant column';
      if (name) yield 'renamed tenant column';
    }
  }
  if (owner.kind === 'via') yield `via, ${levelsOf(model, entity)} levels`;
  if (owner.kind === 'shared') yield 'shared';
  for (const { kind, hidden, transformed, within } of entity.columns) {
    yield `column: ${kind}`;
    if (hidden) yield `hidden: ${hidden}`;
    if (transformed) yield 'transformer';
    if (within) yield 'embedded object';
  }
  for (const { partial } of entity.uniques) yield partial ? 'partial unique key' : 'unique key';
  if (entity.name.length > 40) yield 'long name';
  for (const relation of relationsOf(model, entity)) {
    const target = model.entities.find(({ name }) => name === relation.target)!;
    yield `${relation.kind}: ${rootOf(model, entity).owner.kind} to ${rootOf(model, target).owner.kind}`;
    if (relation.target === entity.name) yield 'self reference';
    if (relation.onDelete) yield `ON DELETE ${relation.onDelete}`;
    if (relation.onUpdate) yield `ON UPDATE ${relation.onUpdate}`;
    for (const mark of ['inverse', 'column', 'ids', 'eager', 'cascade'] as const)
      if (relation[mark]) yield `relation: ${mark}`;
    if (target.kind === 'child') yield 'reference to a child entity';
    if (target.key === 'parts' || target.key === 'tenant') yield 'reference of several columns';
  }
  if (!entity.resource) return;
  for (const mark of ['parent', 'strict', 'deleted', 'dto', 'hooks', 'requireIfMatch'] as const)
    if (entity.resource[mark]) yield `resource: ${mark}`;
}

function levelsOf(model: Model, entity: EntityModel): number {
  const { owner } = entity;
  if (owner.kind !== 'via') return 0;
  const { target } = relationsOf(model, entity).find(({ property }) => property === owner.relation)!;
  return (
    1 +
    levelsOf(
      model,
      model.entities.find(({ name }) => name === target)!,
    )
  );
}
