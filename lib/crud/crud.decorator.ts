import { UseFilters } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '../common/peer-internals.js';
import { MuckConfigurationError } from '../errors/muck-configuration.error.js';
import { tenancyOf, registerCrudController } from '../tenancy/metadata/entity-tenancy.registry.js';
import { TenantInterceptor } from '../tenancy/http/tenant.interceptor.js';
import { crudMetadataOf, putCrudMetadata } from './options/crud.metadata.js';
import type { CrudOptions } from './options/crud-options.js';
import { DEFAULT_ROUTES, COLLECTION_ROUTES, READING_ROUTES } from './options/crud-routes.js';
import type { CrudRoute } from './options/crud-routes.js';
import { CrudController } from './crud.controller.js';
import { CrudInterceptor } from './crud.interceptor.js';
import { linkRoutesFor } from './routing/link-routes.js';
import { AlwaysProblemDetailsFilter, ProblemDetailsFilter } from './errors/problem-details.filter.js';
import { routeDefinitions } from './routing/route-definitions.js';
import { defineRoutes } from './routing/define-routes.js';

/**
 * Serves an entity as a REST resource, on a class that extends `CrudController<Entity>`. Routes: `GET /` and `/:id`,
 * `POST /`, `PUT`, `PATCH` and `DELETE /:id`. A shared entity has only the reading routes, unless `only` lists others.
 *
 * Overridden methods keep their guards, interceptors, additional parameters and status codes. Parameters that an
 * override decorates itself keep their own pipes. Additional routes of the class take precedence over `/:id`.
 *
 * @param entity the entity's class
 * @param options checked against the entity by the compiler, and again at startup
 * @throws MuckConfigurationError for `only` together with `also` or `except`
 * @example
 * @Controller('support-tickets')
 * @TenantScoped()
 * @UseGuards(AuthGuard)
 * @Crud(SupportTicket, { dto: { create: CreateTicketDto }, search: ['subject'] })
 * export class SupportTicketsController extends CrudController<SupportTicket> {}
 */
export function Crud<T extends object>(
  entity: Type<T>,
  options: CrudOptions<T> = {},
): <C extends Type<CrudController<T>>>(target: C) => void {
  return (target) => {
    const routes = chooseRoutes(entity, options, target.name);
    const links = linkRoutesFor(options.links ?? []);
    putCrudMetadata(target, { entity, options, routes, links });
    registerCrudController(target, entity);
    const served = [...routes, ...links.map(({ name }) => name)];
    const inherited = crudMetadataOf(Object.getPrototypeOf(target) as Function)?.links ?? [];
    const withdrawn = inherited.filter(({ name }) => !served.includes(name));
    defineRoutes(
      target,
      CrudController.prototype,
      served,
      routeDefinitions(options.oneToOne === true, [...links, ...withdrawn]),
    );
    intercept(target);
    // Guards run before interceptors, so only a filter can convert their errors. It would take precedence over the
    // application's filters; therefore it is added only if the option is set.
    const { problemDetails } = options;
    if (problemDetails !== undefined) {
      UseFilters(problemDetails === true ? AlwaysProblemDetailsFilter : ProblemDetailsFilter)(target);
    }
  };
}

/**
 * Adds the CrudInterceptor to a controller. It opens the tenant scope too, so a TenantInterceptor right before it is
 * removed to save its cost per request.
 */
function intercept(target: Function): void {
  const known = (Reflect.getMetadata(INTERCEPTORS_METADATA, target) ?? []) as unknown[];
  if (known.includes(CrudInterceptor)) return;
  const others = known.at(-1) === TenantInterceptor ? known.slice(0, -1) : known;
  Reflect.defineMetadata(INTERCEPTORS_METADATA, [...others, CrudInterceptor], target);
}

function chooseRoutes<T extends object>(
  entity: Type<T>,
  { only, also = [], except = [], oneToOne }: CrudOptions<T>,
  where: string,
): CrudRoute[] {
  if (only !== undefined && also.length + except.length > 0)
    throw new MuckConfigurationError([`${where}: @Crud takes only, or also and except, not both.`]);
  const many = oneToOne === true ? [...(only ?? []), ...also].filter((route) => COLLECTION_ROUTES.includes(route)) : [];
  if (many.length > 0)
    throw new MuckConfigurationError([`${where}: a one-to-one resource has no ${many.join(', ')}: leave it out.`]);
  const isShared = tenancyOf(entity, entity.name)?.kind === 'shared';
  const served = only ?? [...(isShared ? READING_ROUTES : DEFAULT_ROUTES), ...also];
  return served.filter((route) => !except.includes(route) && !(oneToOne === true && COLLECTION_ROUTES.includes(route)));
}
