import type { ExecutionContext } from '@nestjs/common';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import { IfMatch } from '../preconditions/if-match.js';
import { visibleKeys } from '../query/projection-rules.js';
import type { Projection, ProjectionRules } from '../query/projection-rules.js';
import type { RowConstraints } from '../persistence/row-constraints.js';
import type { Resource } from '../resource/resource.js';

/** The context of one request to a `@Crud` controller. */
export class CrudRequestContext {
  /** The included relations and selected properties of the response. */
  projection: Projection = {};
  /** The JSON keys that the response may contain; undefined for all exposed keys. */
  visibleKeys: ReadonlySet<string> | undefined;
  /** True if no application code sees the rows, so they can be serialized without creating entities. */
  acceptsRawRows = false;
  /** True if the handler's rows are already in response format. */
  isSerialized = false;
  private claims: Readonly<Record<string, unknown>> = {};
  private undecided: readonly Readonly<Record<string, unknown>>[] = [];

  private precondition = IfMatch.none;
  private readonly constraints = new Map<object, Promise<RowConstraints>>();

  constructor(
    readonly context: ExecutionContext,
    readonly resource: Resource,
  ) {}

  /**
   * Evaluates row constraints once in this request.
   *
   * @param owner the object that defines them
   */
  constraintsOf(owner: object, evaluate: () => Promise<RowConstraints>): Promise<RowConstraints> {
    let evaluated = this.constraints.get(owner);
    if (evaluated === undefined) this.constraints.set(owner, (evaluated = evaluate()));
    return evaluated;
  }

  /** Stores the projection of the response. It applies whatever the handler returns. */
  setProjection(query: Projection, rules: ProjectionRules): void {
    this.projection = query;
    this.visibleKeys = visibleKeys(query, rules);
  }

  /** Stores the server-owned columns that the client's body contains. */
  setServerOwnedFields(claims: Readonly<Record<string, unknown>>): void {
    this.claims = claims;
  }

  /** Returns the server-owned columns of the body once, because they belong to one write. */
  consumeServerOwnedFields(): Readonly<Record<string, unknown>> {
    const claims = this.claims;
    this.claims = {};
    return claims;
  }

  /** Stores the properties of each body that are not columns. Only a loaded row tells whether it exposes them. */
  keepUndecided(undecided: readonly Readonly<Record<string, unknown>>[]): void {
    this.undecided = undecided;
  }

  /** Returns those properties of each body, once. */
  takeUndecided(): readonly Readonly<Record<string, unknown>>[] {
    const { undecided } = this;
    this.undecided = [];
    return undecided;
  }

  /** Stores the `If-Match` precondition of the request. */
  setPrecondition(precondition: IfMatch): void {
    this.precondition = precondition;
  }

  /** Returns the precondition once. */
  consumePrecondition(): IfMatch {
    const { precondition } = this;
    this.precondition = IfMatch.none;
    return precondition;
  }
}

/** Returns the current request context; undefined outside of a request. */
export function currentRequest(): CrudRequestContext | undefined {
  const call = currentContext()?.request;
  return call instanceof CrudRequestContext ? call : undefined;
}

/**
 * Returns the current request context.
 *
 * @throws Error outside of a request, i.e. if the interceptor that `@Crud` adds did not run
 */
export function requireRequest(): CrudRequestContext {
  const call = currentRequest();
  if (call === undefined) throw new Error('This is available only while a controller with @Crud() handles a request.');
  return call;
}
