import type {
  ComponentsObject,
  HeaderObject,
  OperationObject,
  ParameterObject,
  ReferenceObject,
  ResponseObject,
} from './openapi.types.js';

type Kind = 'parameters' | 'responses' | 'headers';

/** An object that several operations may contain, and its preferred name. */
interface Occurrence {
  readonly name: string;
  readonly value: object;
  count: number;
  reference: ReferenceObject | undefined;
}

/** The names of responses by status. */
const RESPONSE_NAMES: Readonly<Record<string, string>> = {
  204: 'NoContent',
  304: 'NotModified',
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  412: 'PreconditionFailed',
  415: 'UnsupportedMediaType',
  428: 'PreconditionRequired',
  503: 'ServiceUnavailable',
  default: 'Error',
};

/**
 * Moves parameters, headers and errors that several operations have alike to the components of the document, so that
 * it grows by what differs.
 */
export class SharedComponents {
  private readonly found: Readonly<Record<Kind, Map<string, Occurrence>>> = {
    parameters: new Map(),
    responses: new Map(),
    headers: new Map(),
  };

  /** @param existing the components of the document, whose names are taken */
  constructor(private readonly existing: ComponentsObject) {}

  /** Returns the operations with references to the shared components, in the same order, and these components. */
  share(operations: readonly OperationObject[]): {
    readonly operations: readonly OperationObject[];
    readonly components: Readonly<Record<Kind, Record<string, object>>>;
  } {
    const withHeaders = this.replace(operations, ['headers'], (operation) => ({
      ...operation,
      responses: mapValues(operation.responses, (response): ResponseObject | ReferenceObject =>
        isReference(response) || response.headers === undefined ? response : this.withSharedHeaders(response),
      ),
    }));
    const shared = this.replace(withHeaders, ['parameters', 'responses'], (operation) => ({
      ...operation,
      parameters: operation.parameters.map((parameter) =>
        isReference(parameter) ? parameter : this.place('parameters', parameter.name, parameter),
      ),
      responses: mapValues(operation.responses, (response, status) => {
        const name = RESPONSE_NAMES[status];
        return isReference(response) || name === undefined ? response : this.place('responses', name, response);
      }),
    }));
    return {
      operations: shared,
      components: {
        parameters: this.components('parameters'),
        responses: this.components('responses'),
        headers: this.components('headers'),
      },
    };
  }

  private withSharedHeaders(response: ResponseObject): ResponseObject {
    const headers = mapValues(response.headers ?? {}, (header, name) =>
      isReference(header) ? header : this.place('headers', name, header),
    );
    return { ...response, headers };
  }

  /** Counts the parts of all operations in a first pass, and replaces them in a second one. */
  private replace(
    operations: readonly OperationObject[],
    kinds: readonly Kind[],
    change: (operation: OperationObject) => OperationObject,
  ): OperationObject[] {
    operations.forEach(change);
    for (const kind of kinds) this.assignNames(kind);
    return operations.map(change);
  }

  private place<P extends ParameterObject | ResponseObject | HeaderObject>(
    kind: Kind,
    name: string,
    value: P,
  ): P | ReferenceObject {
    const key = JSON.stringify(value);
    const known = this.found[kind].get(key);
    if (known === undefined) {
      this.found[kind].set(key, { name, value, count: 1, reference: undefined });
      return value;
    }
    known.count += 1;
    return known.reference ?? value;
  }

  /** The most frequent of several parts with one name has the bare name. */
  private assignNames(kind: Kind): void {
    const taken = new Set(Object.keys(this.existing[kind] ?? {}));
    for (const occurrence of [...this.found[kind].values()].sort((one, other) => other.count - one.count)) {
      if (occurrence.count < 2) continue;
      const name = freeName(occurrence.name.replace(/[^\w.-]/g, '_'), taken);
      taken.add(name);
      occurrence.reference = { $ref: `#/components/${kind}/${name}` };
    }
  }

  private components(kind: Kind): Record<string, object> {
    return Object.fromEntries(
      [...this.found[kind].values()].flatMap(({ reference, value }) =>
        reference === undefined ? [] : [[reference.$ref.slice(reference.$ref.lastIndexOf('/') + 1), value]],
      ),
    );
  }
}

function isReference<P extends object>(part: P | ReferenceObject): part is ReferenceObject {
  return '$ref' in part;
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

function mapValues<V, W>(values: Readonly<Record<string, V>>, change: (value: V, key: string) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value, key)]));
}
