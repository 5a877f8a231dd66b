import type { PipeTransform } from '@nestjs/common';
import { isPromiseLike } from '../../../common/is-promise-like.js';
import { requireRequest } from '../crud-request-context.js';
import type { CrudRequestContext } from '../crud-request-context.js';
import { resolveParents } from '../require-parents.js';
import type { ListQuery } from '../../query/list-query.js';
import { parseListQuery } from '../../query/list-query-parser.js';

/** Maximum length of a cached query, in characters. */
const MAX_REMEMBERED_LENGTH = 1000;

/** Parses the query parameters of a list with the rules of the current controller. */
export class ListQueryPipe implements PipeTransform {
  /**
   * @throws NotFoundException if a parent in the path is not visible
   * @throws BadRequestException with all errors
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
    // Most queries are repeated, so they are cached. Only if no application code gets the query object, because it
    // could change the cached one.
    const text = call.acceptsRawRows ? JSON.stringify(given) : undefined;
    const query =
      text !== undefined && text.length <= MAX_REMEMBERED_LENGTH ? queries.getOrCreate(text, parse) : parse();
    call.setProjection(query, list.rows);
    return query;
  }
}
