import type { PipeTransform } from '@nestjs/common';
import { requireCall } from '../crud-call.js';
import { requireParents } from '../parents/required-parents.js';
import type { ListQuery } from './list-query.js';
import { parseListQuery } from './parse-list-query.js';

/** Reads the query parameters of a list by the rules of the controller that is called. */
export class ListQueryPipe implements PipeTransform {
  /**
   * @throws NotFoundException where the path names no parent
   * @throws BadRequestException with every problem there is
   */
  async transform(raw: unknown): Promise<ListQuery<object>> {
    const call = requireCall();
    await requireParents(call);
    const query = parseListQuery<object>((raw ?? {}) as Readonly<Record<string, unknown>>, call.resource.list);
    call.asks(query, call.resource.list.rows);
    return query;
  }
}
