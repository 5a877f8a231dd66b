import { Inject } from '@nestjs/common';
import type { FactoryProvider, Type } from '@nestjs/common';
import { requireForRoot } from '../tenancy/resolvers/require-for-root.js';
import { CrudRegistry } from './crud-registry.js';
import type { CrudService } from './crud.service.js';

const tokens = new WeakMap<Type<object>, symbol>();

/**
 * Returns the injection token of the {@link CrudService} of an entity.
 *
 * @param entity the entity's class
 * @returns the same symbol for the same class
 * @example
 * const tickets = moduleRef.get<CrudService<SupportTicket>>(getCrudToken(SupportTicket));
 */
export function getCrudToken(entity: Type<object>): symbol {
  let token = tokens.get(entity);
  if (token === undefined)
    tokens.set(
      entity,
      (token = Symbol(`CrudService<${entity.name}>, of imports: [MuckModule.forFeature([${entity.name}])],`)),
    );
  return token;
}

/**
 * Injects the {@link CrudService} of an entity. The module must import `MuckModule.forFeature([Entity])`.
 *
 * @param entity the entity's class
 * @example
 * constructor(@InjectCrud(SupportTicket) private readonly tickets: CrudService<SupportTicket>) {}
 */
export function InjectCrud(entity: Type<object>): ParameterDecorator & PropertyDecorator {
  return Inject(getCrudToken(entity));
}

/** Returns the providers of the services of some entities, for `MuckModule.forFeature`. */
export function crudProviders(entities: readonly Type<object>[]): FactoryProvider<CrudService<object>>[] {
  return entities.map((entity) => ({
    provide: getCrudToken(entity),
    inject: [{ token: CrudRegistry, optional: true }],
    useFactory: (services: CrudRegistry | undefined) => requireForRoot(services).serviceForEntity(entity),
  }));
}
