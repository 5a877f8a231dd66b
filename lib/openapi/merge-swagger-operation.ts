import type { OperationObject, ParameterObject } from './openapi.types.js';
import type { CrudRouteInfo } from './crud-route-explorer.js';

/** Metadata keys of `@nestjs/swagger`. The package is never imported, because it may not be installed. */
const API_RESPONSE = 'swagger/apiResponse';
const API_PARAMETERS = 'swagger/apiParameters';

/**
 * Merges the description of a resource into an operation of `@nestjs/swagger`. Declarations of `Api…` decorators on the
 * handler or its class take precedence.
 *
 * @param found the operation in the document
 * @param known the resource's description of it
 */
export function completeOperation(
  found: Partial<OperationObject>,
  known: OperationObject,
  { handler, controller }: CrudRouteInfo,
): OperationObject {
  const own = parametersOf(handler);
  const ownBody = own.some((parameter) => parameter.in === 'body');
  const requestBody = ownBody ? found.requestBody : (known.requestBody ?? found.requestBody);
  const { requestBody: _body, summary, ...rest } = found;
  return {
    ...rest,
    operationId: found.operationId ?? known.operationId,
    tags: found.tags ?? known.tags ?? [],
    ...((summary || known.summary) && { summary: summary || known.summary }),
    parameters: mergeParameters(parametersIn(found), parametersIn(known), own),
    ...(requestBody !== undefined && { requestBody }),
    responses: mergeResponses(found.responses ?? {}, known.responses, [handler, controller].flatMap(statusesOf)),
  };
}

function parametersIn({ parameters = [] }: Partial<OperationObject>): ParameterObject[] {
  return parameters.filter((parameter): parameter is ParameterObject => !('$ref' in parameter));
}

/**
 * Additional parameters of the handler, and those that it describes itself, are kept. If a decorator names no type, its
 * other words are added to the known parameter.
 */
function mergeParameters(
  found: readonly ParameterObject[],
  known: readonly ParameterObject[],
  own: readonly DecoratedParameter[],
): ParameterObject[] {
  const isSame = (one: DecoratedParameter, other: DecoratedParameter): boolean =>
    one.in === other.in && one.name === other.name;
  const isTyped = ({ type, schema, enum: values }: DecoratedParameter): boolean =>
    [type, schema, values].some((word) => word !== undefined);
  const wordsFor = (parameter: ParameterObject): Partial<ParameterObject> => {
    const untyped = own.find((other) => isSame(parameter, other) && !isTyped(other));
    const { description, example } = untyped ?? {};
    return { ...(description !== undefined && { description }), ...(example !== undefined && { example }) };
  };
  const kept = found.filter(
    (parameter) =>
      own.some((other) => isSame(parameter, other) && isTyped(other)) ||
      // `@ApiParam()` on the class adds a parameter to routes whose path has none of that name.
      (parameter.in !== 'path' && !known.some((other) => isSame(parameter, other))),
  );
  return [
    ...known
      .map((parameter) => ({ ...parameter, ...wordsFor(parameter) }))
      .filter((parameter) => !kept.some((other) => isSame(parameter, other))),
    ...kept,
  ];
}

function mergeResponses(
  found: OperationObject['responses'],
  known: OperationObject['responses'],
  own: readonly string[],
): OperationObject['responses'] {
  const kept = Object.entries(found).filter(([status]) => own.includes(status) || !(status in known));
  return { ...known, ...Object.fromEntries(kept) };
}

interface DecoratedParameter {
  readonly in: string;
  readonly name?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly type?: unknown;
  readonly schema?: unknown;
  readonly enum?: unknown;
}

function parametersOf(handler: Function): readonly DecoratedParameter[] {
  return (Reflect.getMetadata(API_PARAMETERS, handler) ?? []) as DecoratedParameter[];
}

function statusesOf(target: Function): string[] {
  return Object.keys((Reflect.getMetadata(API_RESPONSE, target) ?? {}) as object);
}
