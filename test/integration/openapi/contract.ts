import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type {
  ComponentsObject,
  HeaderObject,
  JsonSchema,
  OperationObject,
  ParameterObject,
  ResponseObject,
} from 'nestjs-muck/openapi';
import type { Response } from 'supertest';

/** A document whose operations are all described. */
export interface ContractDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, object>>;
  readonly components?: ComponentsObject;
}

/** One operation of a document, and where it is. */
export interface DocumentedOperation {
  readonly path: string;
  readonly verb: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly operation: InlineOperation;
}

/** An operation without references to parameters, responses and headers. */
export interface InlineOperation extends Omit<OperationObject, 'parameters' | 'responses'> {
  readonly parameters: readonly ParameterObject[];
  readonly responses: Readonly<Record<string, InlineResponse>>;
}

/** A response without references to headers. */
export interface InlineResponse extends Omit<ResponseObject, 'headers'> {
  readonly headers?: Readonly<Record<string, HeaderObject>>;
}

/** Headers that an operation has to document if it sends them. */
const TOLD_HEADERS = ['location', 'link', 'etag', 'cache-control', 'x-total-count'];

/** Values to choose from where a schema asks for a form. */
const SPECIMENS: readonly unknown[] = [
  'text',
  '1',
  '1.5',
  '2026-01-31T23:59:59Z',
  '2026-01-31',
  '23:59:59',
  'ada@acme.example',
  '6f1e2f0a-3a5b-4c1d-8e9f-0a1b2c3d4e5f',
  'QUJD',
  1,
  0,
  1.5,
  true,
];

/** Holds answers against an OpenAPI document, and makes requests from it. */
export class Contract {
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly ajv: Ajv2020;

  /** The document with its parameters, responses and headers in place of the references to them. */
  readonly document: ContractDocument;

  constructor(given: ContractDocument) {
    const document = inlined(given);
    this.document = document;
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.ajv, { mode: 'full' });
    this.ajv.addFormat('decimal', true).addFormat('uint64', true);
    const strict = closed(document) as ContractDocument;
    this.ajv.addSchema({ ...strict, $id: 'document' });
    this.ajv.addSchema({ ...withoutRequired(strict), $id: 'sparse' });
  }

  operations(): DocumentedOperation[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.entries(item as Readonly<Record<DocumentedOperation['verb'], InlineOperation>>).map(
        ([verb, operation]): DocumentedOperation => ({ path, verb: verb as DocumentedOperation['verb'], operation }),
      ),
    );
  }

  operation(verb: DocumentedOperation['verb'], path: string): DocumentedOperation {
    const found = this.operations().find((candidate) => candidate.verb === verb && candidate.path === path);
    if (found === undefined) throw new Error(`${verb} ${path} is not documented`);
    return found;
  }

  /**
   * What an answer does that the document does not say.
   *
   * @param isSparse whether the request had `fields`, so that properties may be missing
   */
  problems({ path, verb, operation }: DocumentedOperation, answer: Response, isSparse = false): string[] {
    const documented = operation.responses[answer.status];
    if (documented === undefined) return [`the status ${answer.status} is not documented: ${answer.text}`];
    const headers = documented.headers ?? {};
    const names = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]));
    const pointer = `/paths/${escaped(path)}/${verb}/responses/${answer.status}`;
    const undocumented = TOLD_HEADERS.filter(
      (name) => name in answer.headers && !names.has(name) && !isExpressOwn(name, answer),
    );
    return [
      ...undocumented.map((name) => `the header ${name} is not documented for ${answer.status}`),
      ...[...names].flatMap(([name, written]) =>
        answer.headers[name] === undefined && headers[written].required === true
          ? [`the header ${written} is missing`]
          : answer.headers[name] === undefined
            ? []
            : this.misfits(
                `document#${pointer}/headers/${escaped(written)}/schema`,
                headerValue(headers[written], answer.headers[name]),
              ),
      ),
      ...this.bodyProblems(
        `${isSparse ? 'sparse' : 'document'}#${pointer}`,
        Object.keys(documented.content ?? {}),
        answer,
      ),
    ];
  }

  /** Whether a value fits a schema of the document. */
  fits(schema: JsonSchema, value: unknown): boolean {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"document#/components');
    return this.validator(text, () => JSON.parse(text) as object)(value);
  }

  /**
   * A value that fits a schema: of an object the properties that have to be there.
   *
   * @param given values for properties that need a certain one
   * @param complete all properties instead
   */
  example(schema: JsonSchema, given: Readonly<Record<string, unknown>> = {}, complete = false): unknown {
    const { properties, required = [], items, minItems = 1, anyOf, enum: members, examples } = this.resolve(schema);
    if (examples !== undefined) return examples[0];
    if (properties !== undefined) {
      const names = Object.keys(properties).filter((name) => complete || required.includes(name));
      return Object.fromEntries(
        names.map((name) => [name, name in given ? given[name] : this.example(properties[name], given, complete)]),
      );
    }
    if (members !== undefined) return members[0];
    if (items !== undefined) return Array.from({ length: minItems }, () => this.example(items));
    if (anyOf !== undefined) return this.example(anyOf[0]);
    const found = SPECIMENS.find((value) => this.fits(schema, value));
    if (found === undefined) throw new Error(`No specimen fits ${JSON.stringify(schema)}`);
    return found;
  }

  /** A query with a parameter, written as the document says. */
  query({ name, schema = {}, explode }: ParameterObject): string {
    const { contentSchema } = schema;
    const value = contentSchema === undefined ? this.example(schema) : JSON.stringify(this.example(contentSchema));
    const texts = Array.isArray(value) ? value.map(String) : [String(value)];
    const pair = (text: string): string => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`;
    return explode === true ? texts.map(pair).join('&') : pair(texts.join(','));
  }

  resolve(schema: JsonSchema): JsonSchema {
    if (schema.$ref === undefined) return schema;
    const { $ref, ...rest } = schema;
    return { ...(this.document.components?.schemas?.[$ref.split('/').at(-1)!] as JsonSchema), ...rest };
  }

  private bodyProblems(pointer: string, types: readonly string[], answer: Response): string[] {
    if (types.length === 0) return answer.text === '' ? [] : [`the body is not documented: ${answer.text}`];
    if (!types.includes(answer.type)) return [`the media type ${answer.type} is not among ${types.join(', ')}`];
    return this.misfits(`${pointer}/content/${escaped(answer.type)}/schema`, answer.body);
  }

  private misfits(pointer: string, value: unknown): string[] {
    const validate = this.validator(pointer, () => ({ $ref: pointer }));
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath || 'it'} ${message} ${JSON.stringify(params)}`,
    );
  }

  private validator(key: string, schema: () => object): ValidateFunction {
    const known = this.validators.get(key);
    if (known !== undefined) return known;
    const compiled = this.ajv.compile(schema());
    this.validators.set(key, compiled);
    return compiled;
  }
}

/** Express marks every answer with a weak tag of its bytes, whatever the application does. */
function isExpressOwn(header: string, answer: Response): boolean {
  return header === 'etag' && answer.headers['etag'].startsWith('W/');
}

/** As a segment of a JSON pointer within a URI fragment. */
function escaped(segment: string): string {
  return encodeURIComponent(segment.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** The value of a header in the type that its schema names. */
function headerValue({ schema }: { readonly schema: object }, text: unknown): unknown {
  return (schema as JsonSchema).type === 'integer' ? Number(text) : text;
}

/** The document without references to parameters, responses and headers. */
function inlined(document: ContractDocument): ContractDocument {
  const resolve = (kind: 'parameters' | 'responses' | 'headers') => (part: object) =>
    '$ref' in part ? (document.components?.[kind]?.[String(part.$ref).split('/').at(-1)!] ?? {}) : part;
  const inlineResponse = (given: object): object => {
    const response = resolve('responses')(given) as ResponseObject;
    return response.headers === undefined
      ? response
      : { ...response, headers: mapped(response.headers, resolve('headers')) };
  };
  const paths = mapped(document.paths, (item) =>
    mapped(
      item as Readonly<Record<string, Partial<OperationObject>>>,
      ({ parameters = [], responses = {}, ...rest }) => ({
        ...rest,
        parameters: parameters.map(resolve('parameters')),
        responses: mapped(responses, inlineResponse),
      }),
    ),
  );
  return { ...document, paths };
}

function mapped<V extends object>(
  values: Readonly<Record<string, V>>,
  change: (value: V) => object,
): Record<string, object> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

/** The document, whose rows need not have the properties that they have without `fields`. */
function withoutRequired(document: ContractDocument): ContractDocument {
  const schemas = Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => {
    const { required: _required, ...rest } = schema as JsonSchema;
    return [name, rest] as const;
  });
  return { ...document, components: { ...document.components, schemas: Object.fromEntries(schemas) } };
}

/** The document, its objects holding nothing that it does not name: so that an answer cannot have more than is documented. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, closed(part)]));
  const isOpenObject = copy['type'] === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return isOpenObject ? { ...copy, additionalProperties: false } : copy;
}
