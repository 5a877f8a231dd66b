import type { PipeTransform } from '@nestjs/common';
import { isPromiseLike } from '../../../common/is-promise-like.js';
import { requireRequest } from '../crud-request-context.js';
import type { CrudRequestContext } from '../crud-request-context.js';
import { resolveParents } from '../require-parents.js';
import type { ListQuery } from '../../query/list-query.js';
import { parseListQuery } from '../../query/list-query-parser.js';

/** Longest query that is remembered, in characters. */
const MAX_REMEMBERED_LENGTH = 1000;

/** Reads the query parameters of a list by the rules of the controller that is called. */
export class ListQueryPipe implements PipeTransform {
  /**
   * @throws NotFoundException where the path names no parent
   * @throws BadRequestException with every problem there is
   */
  transform(raw: unknown): ListQuery<object> | Promise<ListQuery<object>> {
    const call = requireRequest();
    const parents = resolveParents(call);
    return isPromiseLike(parents) ? parents.then(() => this.read(raw, call)) : this.read(raw, call);
  }

  private read(raw: unknown, call: CrudRequestContext): ListQuery<object> {
    const { list, queries } = call.resource;
    const given = (raw ?? {}) as Readonly<Record<string, unknown>>;
    const parse = (): ListQuery<object> => parseListQuery<object>(given, list);
    // What clients ask for is mostly what they have asked for before. Only where nobody else gets hold of what is remembered.
    const text = call.acceptsRawRows ? JSON.stringify(given) : undefined;
    const query =
      text !== undefined && text.length <= MAX_REMEMBERED_LENGTH ? queries.getOrCreate(text, parse) : parse();
    call.setProjection(query, list.rows);
    return query;
  }
}
