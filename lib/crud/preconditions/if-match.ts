import { HttpException, HttpStatus, PreconditionFailedException } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { toCondition } from '../model/column-conditions.js';
import type { Condition } from '../model/column-conditions.js';
import type { CrudRoute } from '../options/crud-routes.js';
import type { Resource } from '../resource/resource.js';
import { computeEtag, EtagList } from './etag.js';

/** Routes that change a row which the client may have read before. */
export const IF_MATCH_ROUTES: readonly (CrudRoute | undefined)[] = ['replace', 'update', 'remove'];

interface ConditionalRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * The `If-Match` precondition of a request.
 *
 * @see RFC 9110, section 13.1.1; RFC 6585 for 428
 */
export class IfMatch {
  static readonly none = new IfMatch(undefined, false);

  /**
   * @param tags the allowed tags of the row; undefined without the header
   * @param isRequired whether the header is required
   */
  private constructor(
    private readonly tags: EtagList | undefined,
    private readonly isRequired: boolean,
  ) {}

  /** Returns the precondition of a request; `none` for routes that do not change a row. */
  static of(context: ExecutionContext, route: CrudRoute | undefined, resource: Resource): IfMatch {
    if (!IF_MATCH_ROUTES.includes(route)) return IfMatch.none;
    const header = context.switchToHttp().getRequest<ConditionalRequest>().headers['if-match'];
    return new IfMatch(header === undefined ? undefined : new EtagList(String(header)), resource.requireIfMatch);
  }

  /** Whether any row satisfies it. */
  get isEmpty(): boolean {
    return this.tags === undefined && !this.isRequired;
  }

  /**
   * Checks the precondition against a row.
   *
   * @param row as stored and within the scope; a missing row is a 404 before this check
   * @returns the conditions that the writing statement must check again
   * @throws PreconditionFailedException if the row's tag does not match
   * @throws HttpException 428 if the header is required but missing
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

/** Creates the error for a row that has changed since the client read it. */
export function preconditionFailed(): PreconditionFailedException {
  return new PreconditionFailedException('The row has changed: its ETag does not match If-Match. Read it again.');
}

function preconditionRequired(): HttpException {
  const status = HttpStatus.PRECONDITION_REQUIRED;
  return new HttpException(
    HttpException.createBody('Send If-Match with the ETag of the row as you read it.', 'Precondition Required', status),
    status,
  );
}
