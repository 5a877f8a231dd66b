import { HttpException, HttpStatus, PreconditionFailedException } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { toCondition } from '../model/column-conditions.js';
import type { Condition } from '../model/column-conditions.js';
import type { CrudRoute } from '../options/crud-routes.js';
import type { Resource } from '../resource/resource.js';
import { computeEtag, EtagList } from './etag.js';

/** The routes that change a row which the client may have read before. */
export const IF_MATCH_ROUTES: readonly (CrudRoute | undefined)[] = ['replace', 'update', 'remove'];

interface ConditionalRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * What a request says of the row that it is going to change: `If-Match`.
 *
 * @see RFC 9110, section 13.1.1; RFC 6585 for 428
 */
export class IfMatch {
  static readonly none = new IfMatch(undefined, false);

  /**
   * @param tags what the row's tag must be among; undefined where the client says nothing
   * @param isRequired whether it has to say something
   */
  private constructor(
    private readonly tags: EtagList | undefined,
    private readonly isRequired: boolean,
  ) {}

  /** That of a request; none for routes that change no row. */
  static of(context: ExecutionContext, route: CrudRoute | undefined, resource: Resource): IfMatch {
    if (!IF_MATCH_ROUTES.includes(route)) return IfMatch.none;
    const header = context.switchToHttp().getRequest<ConditionalRequest>().headers['if-match'];
    return new IfMatch(header === undefined ? undefined : new EtagList(String(header)), resource.requireIfMatch);
  }

  /**
   * @param row as it is stored, and within the scope: a row that is not there is a 404 before this is asked
   * @returns what the statement that changes the row has to ask again
   * @throws PreconditionFailedException where the row's tag is not among those of the client
   * @throws HttpException 428 where the client had to say one
   */
  assert(resource: Resource, row: object): Condition[] {
    if (this.tags === undefined) {
      if (this.isRequired) throw preconditionRequired();
      return [];
    }
    if (!this.tags.matchesStrongly(computeEtag(resource, row))) throw preconditionFailed();
    const { versionColumn } = resource.metadata;
    if (this.tags.any || versionColumn === undefined) return [];
    return [toCondition(resource.column(versionColumn.propertyPath), versionColumn.getEntityValue(row))];
  }
}

/** The answer where the row is another one by now. */
export function preconditionFailed(): PreconditionFailedException {
  return new PreconditionFailedException('The row is not as If-Match says. Read it again.');
}

function preconditionRequired(): HttpException {
  const status = HttpStatus.PRECONDITION_REQUIRED;
  return new HttpException(
    HttpException.createBody(
      'Send If-Match with the ETag of the row that you have read.',
      'Precondition Required',
      status,
    ),
    status,
  );
}
