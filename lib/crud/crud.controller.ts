import { Inject } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { currentRequest } from './http/crud-request-context.js';
import { CrudRegistry } from './crud-registry.js';
import type { CrudService, CrudValues } from './crud.service.js';
import type { ListQuery } from './query/list-query.js';
import type { Page } from './response/page.js';
import type { EntityId } from './model/resource-id.js';

/**
 * The request body of an entity's resource: its properties, with values that a pipe has validated. An overridden method
 * declares its DTO type instead.
 */
export type CrudBody<T> = { readonly [K in keyof T]?: unknown };

/**
 * Base class of a controller that serves an entity. `@Crud(Entity)` makes its methods routes.
 *
 * A subclass may override a method with concrete types and call `super`; route, pipes and tenant scope remain.
 * Additional routes are ordinary Nest methods, which can use `this.service`.
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
   * Reads and writes the entity's rows, within the tenant scope and the constraints of {@link scope}.
   *
   * @throws Error in a constructor: Nest injects the service after it has run
   */
  protected get service(): CrudService<T> {
    if (this.crudServices === undefined) throw new Error('The service is injected after the constructor has run.');
    return (this.crudService ??= this.crudServices.serviceForController<T>(
      this.constructor,
      this.scope === CrudController.prototype.scope ? undefined : (context) => this.scope(context),
    ));
  }

  /**
   * `GET /`: returns a page of rows.
   *
   * @param query filters, sort order, page and included relations
   * @throws BadRequestException for an invalid cursor
   */
  findAll(query: ListQuery<T>): Promise<Page<T>> {
    return this.service.findAll(query);
  }

  /**
   * `GET /:id`: returns one row.
   *
   * @param id the row's id
   * @throws NotFoundException if the row is not visible
   */
  findOne(id: EntityId): Promise<T> {
    return this.service.findOne(id, currentRequest()?.projection);
  }

  /**
   * `POST /`: creates a row.
   *
   * @param body the validated body
   * @returns the row as stored
   * @throws BadRequestException for an invalid or missing value
   * @throws UniqueConflictError, ReferenceUnknownError
   */
  create(body: CrudBody<T>): Promise<T> {
    return this.service.create(body as CrudValues<T>);
  }

  /**
   * `POST /bulk`, opt-in: creates several rows, all or none.
   *
   * @param bodies the validated bodies
   * @returns the rows as stored, in the same order
   * @throws BadRequestException for invalid values, with the index of each row
   * @throws ConflictException if the only errors are unique conflicts
   */
  createMany(bodies: readonly CrudBody<T>[]): Promise<T[]> {
    return this.service.createMany(bodies as readonly CrudValues<T>[]);
  }

  /**
   * `PUT /:id`: replaces the client-visible columns of a row; omitted ones are reset.
   *
   * @param id the row's id
   * @param body the validated body
   * @returns the row as stored
   * @throws NotFoundException if the row is not visible
   */
  replace(id: EntityId, body: CrudBody<T>): Promise<T> {
    return this.service.replace(id, body as CrudValues<T>);
  }

  /**
   * `PATCH /:id`: updates the columns of a row that the body contains.
   *
   * @param id the row's id
   * @param body the validated body
   * @returns the row as stored
   * @throws NotFoundException if the row is not visible
   */
  update(id: EntityId, body: CrudBody<T>): Promise<T> {
    return this.service.update(id, body as CrudValues<T>);
  }

  /**
   * `DELETE /:id`: deletes or soft-deletes a row.
   *
   * @param id the row's id
   * @throws NotFoundException if the row is not visible
   */
  remove(id: EntityId): Promise<void> {
    return this.service.remove(id);
  }

  /**
   * `POST /:id/restore`, opt-in: restores a soft-deleted row.
   *
   * @param id the row's id
   * @returns the row as stored
   * @throws NotFoundException if the row is not visible or not soft-deleted
   */
  restore(id: EntityId): Promise<T> {
    return this.service.restore(id);
  }

  /**
   * Returns the constraints of this controller in addition to the tenant scope: columns and the values that they must
   * equal. They are ANDed to every read and set on every write of {@link service}, so they only restrict. Called once
   * per request, after guards. It must not use `this.service`, which waits for its result.
   *
   * @param _context the execution context of the request
   * @returns property values; undefined or null as a value leads to a 403
   * @example
   * protected override scope(context: ExecutionContext) {
   *   return { assigneeId: context.switchToHttp().getRequest().user.id };
   * }
   */
  protected scope(_context: ExecutionContext): Partial<T> | Promise<Partial<T>> {
    return {};
  }
}
