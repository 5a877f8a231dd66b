import type { ExecutionContext } from '@nestjs/common';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import { IfMatch } from '../preconditions/if-match.js';
import { visibleKeys } from '../query/row-rules.js';
import type { Projection, ProjectionRules } from '../query/row-rules.js';
import type { Resource } from '../resource/resource.js';

/** One call of a handler of a `@Crud` controller. */
export class CrudRequestContext {
  /** What is asked of the rows of the answer. */
  projection: Projection = {};
  /** The only names that rows of the answer have in JSON; undefined for all that are shown. */
  visibleKeys: ReadonlySet<string> | undefined;
  /** Whether the handler's rows go to nobody but this package, which then needs no entities. */
  acceptsRawRows = false;
  /** Whether the handler has given rows in the form of an answer. */
  isSerialized = false;
  private claims: Readonly<Record<string, unknown>> = {};
  private undecided: readonly Readonly<Record<string, unknown>>[] = [];

  private precondition = IfMatch.none;

  constructor(
    readonly context: ExecutionContext,
    readonly resource: Resource,
  ) {}

  /** Keeps what is asked of the rows of the answer: it is shown so, whatever the handler makes of it. */
  setProjection(query: Projection, rules: ProjectionRules): void {
    this.projection = query;
    this.visibleKeys = visibleKeys(query, rules);
  }

  /** Keeps what the client's body says of columns that the server owns. */
  setServerOwnedFields(claims: Readonly<Record<string, unknown>>): void {
    this.claims = claims;
  }

  /** What the body said, once: it is about one write. */
  consumeServerOwnedFields(): Readonly<Record<string, unknown>> {
    const claims = this.claims;
    this.claims = {};
    return claims;
  }

  /** Keeps, of each body, properties that are no columns: whether a row shows them is known once it has been read. */
  keepUndecided(undecided: readonly Readonly<Record<string, unknown>>[]): void {
    this.undecided = undecided;
  }

  /** Such properties of each body, once. */
  takeUndecided(): readonly Readonly<Record<string, unknown>>[] {
    const { undecided } = this;
    this.undecided = [];
    return undecided;
  }

  /** Keeps what the request says of the row that it is going to change. */
  setPrecondition(precondition: IfMatch): void {
    this.precondition = precondition;
  }

  /** What the request said of its row, once. */
  consumePrecondition(): IfMatch {
    const { precondition } = this;
    this.precondition = IfMatch.none;
    return precondition;
  }
}

/** The call that the running code belongs to; undefined outside any. */
export function currentRequest(): CrudRequestContext | undefined {
  const call = currentContext()?.request;
  return call instanceof CrudRequestContext ? call : undefined;
}

/**
 * The call that the running code belongs to.
 *
 * @throws Error outside any: the code runs without the interceptor that `@Crud` puts on its controller
 */
export function requireRequest(): CrudRequestContext {
  const call = currentRequest();
  if (call === undefined) throw new Error('This runs only within a call of a controller with @Crud().');
  return call;
}
