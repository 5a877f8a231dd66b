import { EntitySchema } from 'typeorm';
import type { EntityKey } from './scope-frame.js';
import { tenantRouteOf } from './tenant-route.js';

/** How an entity's rows belong to a tenant. */
export interface ScopedOptions {
  /** Scope keys whose column has another property name, for example `{ organizationId: 'id' }` on Organization itself. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Scope keys that do not apply to this entity. */
  readonly omit?: readonly string[];
  /** A required to-one relation to a scoped entity: the rows belong to whom that row belongs. */
  readonly via?: string;
  /**
   * Unique keys that leave the tenant column out, acknowledged, each with the reason. Such a key lets a tenant find out that a value is
   * taken by another one. Named by its property, or by its properties joined with a comma.
   */
  readonly globallyUnique?: Readonly<Record<string, string>>;
}

/** What is declared of an entity. */
export type EntityDeclaration =
  { readonly kind: 'scoped'; readonly options: ScopedOptions } | { readonly kind: 'shared'; readonly why: string };

/** A declaration of an entity that carries no decorator of its own; made by {@link scoped} and {@link shared}. */
export interface DeclaredEntity {
  readonly entity: EntityKey;
  readonly declaration: EntityDeclaration;
}

const declarations = new Map<EntityKey, EntityDeclaration>();
const controllersByEntity = new Map<EntityKey, Set<Function>>();

/** Remembers what is declared of a class or of an entity's name. The last word counts. */
export function declareEntity(entity: EntityKey, declaration: EntityDeclaration): void {
  declarations.set(entity, declaration);
}

/** Remembers that `controller` serves `entity`: decorating the controller alone makes the entity scoped. */
export function declareController(controller: Function, entity: EntityKey): void {
  const controllers = controllersByEntity.get(entity) ?? new Set();
  controllersByEntity.set(entity, controllers.add(controller));
}

/** The entity that a controller serves; undefined for one that is no CRUD controller. */
export function entityServedBy(controller: Function): EntityKey | undefined {
  return [...controllersByEntity].find(([, controllers]) => controllers.has(controller))?.[0];
}

/**
 * What is declared of an entity: its own word, that of a class it extends, or that of a `@TenantScoped()` controller over it.
 *
 * @param target the entity's class, or its name
 * @param name the entity's name, for a declaration by name of an entity that has a class
 * @returns undefined when nothing is
 */
export function declarationOf(target: EntityKey, name?: string): EntityDeclaration | undefined {
  for (let type: unknown = target; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
    const own = declarations.get(type) ?? declarationByController(type);
    if (own !== undefined) return own;
  }
  for (const key of [target, name]) {
    const byName = typeof key === 'string' ? (declarations.get(key) ?? declarationByController(key)) : undefined;
    if (byName !== undefined) return byName;
  }
  return undefined;
}

function declarationByController(entity: EntityKey): EntityDeclaration | undefined {
  const scopedBy = [...(controllersByEntity.get(entity) ?? [])].some((type) => tenantRouteOf(type)?.kind === 'scoped');
  return scopedBy ? { kind: 'scoped', options: {} } : undefined;
}

/**
 * Declares an entity that cannot be decorated (an EntitySchema, a class of another package) as belonging to tenants.
 *
 * @example
 * MuckModule.forRoot({ entities: [scoped(Order), shared(CasbinRule, 'access rules of the platform')], … })
 */
export function scoped(entity: EntityKey | EntitySchema, options: ScopedOptions = {}): DeclaredEntity {
  return { entity: keyOf(entity), declaration: { kind: 'scoped', options } };
}

/** Declares an entity that cannot be decorated as shared by all tenants. See {@link scoped}. */
export function shared(entity: EntityKey | EntitySchema, why: string): DeclaredEntity {
  return { entity: keyOf(entity), declaration: { kind: 'shared', why } };
}

function keyOf(entity: EntityKey | EntitySchema): EntityKey {
  return entity instanceof EntitySchema ? (entity.options.target ?? entity.options.name) : entity;
}
