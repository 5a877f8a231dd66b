import type { OperationObject, ParameterObject, ResponseObject } from './openapi.types.js';
import type { ServedRoute } from './crud-route-explorer.js';

/** What `@nestjs/swagger` leaves on handlers and controllers. Its package is never loaded: it may not be there. */
const API_RESPONSE = 'swagger/apiResponse';
const API_PARAMETERS = 'swagger/apiParameters';

/**
 * Completes what `@nestjs/swagger` makes of a route with what the resource knows. What a decorator of `Api…` says on the
 * handler or on its class stands.
 *
 * @param found the operation in the document
 * @param known the resource's description of it
 */
export function completeOperation(
  found: Partial<OperationObject>,
  known: OperationObject,
  { handler, controller }: ServedRoute,
): OperationObject {
  const own = parametersOf(handler);
  const ownBody = own.some((parameter) => parameter.in === 'body');
  const requestBody = ownBody ? found.requestBody : (known.requestBody ?? found.requestBody);
  const { requestBody: _body, summary, ...rest } = found;
  return {
    ...rest,
    operationId: found.operationId ?? known.operationId,
    ...((summary || known.summary) && { summary: summary || known.summary }),
    parameters: mergeParameters(found.parameters ?? [], known.parameters, own),
    ...(requestBody !== undefined && { requestBody }),
    responses: mergeResponses(found.responses ?? {}, known.responses, [handler, controller].flatMap(statusesOf)),
  };
}

/** Parameters that the handler takes besides, or has described itself, stay as they are. */
function mergeParameters(
  found: readonly ParameterObject[],
  known: readonly ParameterObject[],
  own: readonly DecoratedParameter[],
): ParameterObject[] {
  const isSame = (one: DecoratedParameter, other: DecoratedParameter): boolean =>
    one.in === other.in && one.name === other.name;
  const kept = found.filter(
    (parameter) => own.some((other) => isSame(parameter, other)) || !known.some((other) => isSame(parameter, other)),
  );
  return [...known.filter((parameter) => !kept.some((other) => isSame(parameter, other))), ...kept];
}

function mergeResponses(
  found: Readonly<Record<string, ResponseObject>>,
  known: Readonly<Record<string, ResponseObject>>,
  own: readonly string[],
): Record<string, ResponseObject> {
  const kept = Object.entries(found).filter(([status]) => own.includes(status) || !(status in known));
  return { ...known, ...Object.fromEntries(kept) };
}

interface DecoratedParameter {
  readonly in: string;
  readonly name?: string;
}

function parametersOf(handler: Function): readonly DecoratedParameter[] {
  return (Reflect.getMetadata(API_PARAMETERS, handler) ?? []) as DecoratedParameter[];
}

function statusesOf(target: Function): string[] {
  return Object.keys((Reflect.getMetadata(API_RESPONSE, target) ?? {}) as object);
}
