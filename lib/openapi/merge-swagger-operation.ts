import type { OperationObject, ParameterObject, ResponseObject } from './openapi.types.js';
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
    ...((summary || known.summary) && { summary: summary || known.summary }),
    parameters: mergeParameters(found.parameters ?? [], known.parameters, own),
    ...(requestBody !== undefined && { requestBody }),
    responses: mergeResponses(found.responses ?? {}, known.responses, [handler, controller].flatMap(statusesOf)),
  };
}

/** Additional parameters of the handler, and those that it describes itself, are kept. */
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
