import type { PipeTransform } from '@nestjs/common';
import { isPromiseLike } from '../../tenancy/scope-frame.js';
import { requireCall } from '../crud-call.js';
import type { CrudCall } from '../crud-call.js';
import { requireParents } from '../parents/required-parents.js';
import type { ListQuery } from './list-query.js';
import { parseListQuery } from './parse-list-query.js';

/** Reads the query parameters of a list by the rules of the controller that is called. */
export class ListQueryPipe implements PipeTransform {
  /**
   * @throws NotFoundException where the path names no parent
   * @throws BadRequestException with every problem there is
   */
  transform(raw: unknown): ListQuery<object> | Promise<ListQuery<object>> {
    const call = requireCall();
    const parents = requireParents(call);
    return isPromiseLike(parents) ? parents.then(() => this.read(raw, call)) : this.read(raw, call);
  }

  private read(raw: unknown, call: CrudCall): ListQuery<object> {
    const query = parseListQuery<object>((raw ?? {}) as Readonly<Record<string, unknown>>, call.resource.list);
    call.asks(query, call.resource.list.rows);
    return query;
  }
}
