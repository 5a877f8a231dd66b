import { Inject } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { currentRequest } from './http/crud-request-context.js';
import { CrudRegistry } from './crud-registry.js';
import type { CrudService, CrudValues } from './crud.service.js';
import type { ListQuery } from './query/list-query.js';
import type { Page } from './response/page.js';
import type { EntityId } from './model/resource-id.js';

/**
 * A body of an entity's resource: its properties, whose values a pipe has checked. An override names its DTO instead.
 */
export type CrudBody<T> = { readonly [K in keyof T]?: unknown };

/**
 * Base of a controller that serves an entity; `@Crud(Entity)` makes its methods routes.
 *
 * A subclass overrides a method with its real types and calls `super`; route, pipes and scope stay. Its own routes are
 * ordinary Nest methods, with `this.service` at hand.
 *
 * @example
 * @Controller('support-tickets') @TenantScoped()
 * @Crud(SupportTicket, { dto: { create: CreateTicketDto } })
 * export class SupportTicketsController extends CrudController<SupportTicket> {
 *   @UseGuards(AgentGuard)
 *   override create(ticket: CreateTicketDto) {
 *     return super.create({ ...ticket, status: 'open' });
 *   }
 * }
 */
export abstract class CrudController<T extends object> {
  @Inject(CrudRegistry)
  private readonly crudServices?: CrudRegistry;

  private crudService?: CrudService<T>;

  /**
   * Reads and writes the entity's rows, within the tenant scope and what {@link scope} adds. Not yet there in a
   * constructor.
   */
  protected get service(): CrudService<T> {
    if (this.crudServices === undefined) throw new Error('The service is injected after the constructor has run.');
    return (this.crudService ??= this.crudServices.serviceForController<T>(
      this.constructor,
      this.scope === CrudController.prototype.scope ? undefined : (context) => this.scope(context),
    ));
  }

  /** `GET /`: a page of rows. */
  findAll(query: ListQuery<T>): Promise<Page<T>> {
    return this.service.findAll(query);
  }

  /** `GET /:id`: one row. */
  findOne(id: EntityId): Promise<T> {
    return this.service.findOne(id, currentRequest()?.projection);
  }

  /** `POST /`: a new row. */
  create(body: CrudBody<T>): Promise<T> {
    return this.service.create(body as CrudValues<T>);
  }

  /** `POST /bulk`, where the options name it: several new rows, or none of them. */
  createMany(bodies: readonly CrudBody<T>[]): Promise<T[]> {
    return this.service.createMany(bodies as readonly CrudValues<T>[]);
  }

  /** `PUT /:id`: the row as the body describes it. */
  replace(id: EntityId, body: CrudBody<T>): Promise<T> {
    return this.service.replace(id, body as CrudValues<T>);
  }

  /** `PATCH /:id`: the row with what the body mentions changed. */
  update(id: EntityId, body: CrudBody<T>): Promise<T> {
    return this.service.update(id, body as CrudValues<T>);
  }

  /** `DELETE /:id`. */
  remove(id: EntityId): Promise<void> {
    return this.service.remove(id);
  }

  /** `POST /:id/restore`, where the options name it: the row, which is no longer deleted. */
  restore(id: EntityId): Promise<T> {
    return this.service.restore(id);
  }

  /**
   * What this controller adds to the tenant scope: columns and the values that they must equal. ANDed to every read and
   * stamped on every write of {@link service}; it narrows and never widens. Asked once per request, after guards. It
   * cannot use `this.service`, which waits for it.
   *
   * @returns property values; undefined and null among them are refused with a 403
   * @example
   * protected override scope(context: ExecutionContext) {
   *   return { assigneeId: context.switchToHttp().getRequest().user.id };
   * }
   */
  protected scope(_context: ExecutionContext): Partial<T> | Promise<Partial<T>> {
    return {};
  }
}
