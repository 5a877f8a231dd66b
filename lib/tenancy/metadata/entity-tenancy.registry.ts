import { EntitySchema } from 'typeorm';
import type { EntityTenancy, ScopedOptions } from './entity-tenancy.js';
import { declarationLine, declarationText } from './declaration-lines.js';
import type { DeclarationSource, MadeDeclaration } from './declaration-lines.js';
import type { EntityRef } from '../context/entity-ref.js';
import { getRouteTenancy } from './route-tenancy.metadata.js';

export type { EntityTenancy, ScopedOptions } from './entity-tenancy.js';

/** Declaration of an entity without a decorator of its own; created by {@link scoped} and {@link shared}. */
export interface EntityTenancyEntry {
  readonly entity: EntityRef;
  readonly declaration: EntityTenancy;
}

/** Two declarations of one entity that disagree, or a declaration at a place where it has no effect. */
export interface ContradictoryDeclaration {
  readonly kind: 'contradictory';
  /** Names the lines; follows the name of the entity in a message. */
  readonly problem: string;
}

const declarations = new Map<EntityRef, MadeDeclaration[]>();
const servedEntities = new Map<Function, EntityRef>();
/** Controllers by an entity that they serve or have served. */
const controllersByEntity = new Map<EntityRef, Set<Function>>();
let version = 0;

/** Registers a declaration for a class or an entity name. Declarations that agree are stored once. */
export function registerEntityTenancy(key: EntityRef, declaration: EntityTenancy, by: DeclarationSource): void {
  const made = declarations.get(key) ?? [];
  const declared: MadeDeclaration = { key, declaration, by };
  if (made.some((other) => isSame(other, declared))) return;
  declarations.set(key, [...made, declared]);
  version++;
}

/** Registers that `controller` serves `entity`: decorating the controller alone makes the entity tenant-scoped. */
export function registerCrudController(controller: Function, entity: EntityRef): void {
  servedEntities.set(controller, entity);
  controllersByEntity.set(entity, (controllersByEntity.get(entity) ?? new Set()).add(controller));
  version++;
}

/** Returns a number that changes with every registration. */
export function declarationsVersion(): number {
  return version;
}

/** Returns the entity that a controller, or a class that it extends, serves; undefined without `@Crud`. */
export function entityOfController(controller: Function): EntityRef | undefined {
  for (const type of classesFrom(controller)) {
    const entity = servedEntities.get(type);
    if (entity !== undefined) return entity;
  }
  return undefined;
}

/**
 * Returns the declaration of an entity. It does not depend on the order in which files are loaded.
 *
 * The nearest declaration applies, from the entity's class up through its base classes. If no class is declared, a
 * `@TenantScoped()` controller over one of them counts.
 *
 * @param target the entity's class, or its name
 * @param name the entity's name, for an entity with a class that is declared by name
 * @param nameOf returns the entity name of a base class; undefined for a class that is not an entity
 * @returns undefined if the entity is not declared
 */
export function tenancyOf(
  target: EntityRef,
  name?: string,
  nameOf: (type: Function) => string | undefined = () => undefined,
): EntityTenancy | ContradictoryDeclaration | undefined {
  const levels = levelsOf(target, name, nameOf);
  const made = levels.map((keys) => keys.flatMap((key) => declarations.get(key) ?? []));
  const nearest = made.findIndex((found) => found.length > 0);
  const byControllers = levels.map((keys) => declarationsByControllers(keys));
  if (nearest === -1) return agreed(byControllers.flat());
  const [own, ...others] = made[nearest];
  const contradiction =
    others.find((other) => !isSame(own, other)) ??
    byControllers
      .slice(0, nearest + 1)
      .flat()
      .find((other) => !leavesColumns(other) && !isSame(own, other));
  return contradiction === undefined ? own.declaration : contradictory(own, contradiction);
}

/** Returns the keys under which an entity and each base class may be declared, starting with the entity. */
function levelsOf(
  target: EntityRef,
  name: string | undefined,
  nameOf: (type: Function) => string | undefined,
): (readonly EntityRef[])[] {
  if (typeof target === 'string') return [keysOf(target, name)];
  return classesFrom(target).map((type, level) => keysOf(type, level === 0 ? name : nameOf(type)));
}

function keysOf(key: EntityRef, name: string | undefined): readonly EntityRef[] {
  return name === undefined ? [key] : [key, name];
}

function classesFrom(type: Function): Function[] {
  const classes: Function[] = [];
  for (let next: unknown = type; typeof next === 'function'; next = Object.getPrototypeOf(next)) classes.push(next);
  return classes;
}

/** Returns the declarations by controllers that serve an entity, which is known by some keys. */
function declarationsByControllers(keys: readonly EntityRef[]): MadeDeclaration[] {
  const controllers = keys.flatMap((key) =>
    [...(controllersByEntity.get(key) ?? [])].filter((controller) => servedEntities.get(controller) === key),
  );
  return controllers.flatMap((controller) => {
    const isScoped = getRouteTenancy(controller)?.kind === 'scoped';
    const made = classesFrom(controller).map((type) => declarations.get(type) ?? []);
    const nearest = made.find((found) => found.length > 0) ?? [];
    return nearest
      .filter(({ declaration }) => declaration.kind === 'shared' || isScoped)
      .map((declared) => ({ ...declared, key: controller }));
  });
}

/** Returns true if a declaration sets no options, so that it does not contradict the columns of the entity. */
function leavesColumns({ declaration }: MadeDeclaration): boolean {
  return declaration.kind === 'scoped' && Object.values(declaration.options).every((value) => value === undefined);
}

function isSame(one: MadeDeclaration, other: MadeDeclaration): boolean {
  return declarationText(one.declaration) === declarationText(other.declaration);
}

/**
 * Returns the declaration by controllers of an entity whose classes declare nothing. Controllers have equal rank, so
 * they must agree.
 */
function agreed(made: readonly MadeDeclaration[]): EntityTenancy | ContradictoryDeclaration | undefined {
  if (made.length === 0) return undefined;
  const [first, ...others] = made;
  const other = others.find((candidate) => !isSame(first, candidate));
  if (other !== undefined) return contradictory(first, other);
  if (first.declaration.kind === 'scoped') return first.declaration;
  const problem = `has ${declarationLine(first)} on its controller. Put that line on the entity`;
  return { kind: 'contradictory', problem };
}

function contradictory(one: MadeDeclaration, other: MadeDeclaration): ContradictoryDeclaration {
  const lines = `${declarationLine(one)}, and ${declarationLine(other)}`;
  return {
    kind: 'contradictory',
    problem: `has two different declarations: ${lines}. Remove one, or make both the same`,
  };
}

/**
 * Declares an entity that cannot be decorated (an EntitySchema, a class of another package) as tenant-scoped.
 *
 * @param entity the entity's class, name or EntitySchema
 * @param options as for `@TenantScoped()`
 * @returns an entry for `MuckModule.forRoot({ entities })`
 * @example
 * MuckModule.forRoot({ entities: [scoped(Order), shared(CasbinRule, 'access rules of the platform')], … })
 */
export function scoped(entity: EntityRef | EntitySchema, options: ScopedOptions = {}): EntityTenancyEntry {
  return { entity: keyOf(entity), declaration: { kind: 'scoped', options } };
}

/**
 * Declares an entity that cannot be decorated as shared by all tenants. See {@link scoped}.
 *
 * @param entity the entity's class, name or EntitySchema
 * @param why reason, for readers of the code
 * @returns an entry for `MuckModule.forRoot({ entities })`
 * @example
 * MuckModule.forRoot({ entities: [shared(CasbinRule, 'access rules of the platform')], … })
 */
export function shared(entity: EntityRef | EntitySchema, why: string): EntityTenancyEntry {
  return { entity: keyOf(entity), declaration: { kind: 'shared', why } };
}

function keyOf(entity: EntityRef | EntitySchema): EntityRef {
  return entity instanceof EntitySchema ? (entity.options.target ?? entity.options.name) : entity;
}
