import { badRequest } from '../errors/invalid-request.exception.js';
import { valueProblem } from '../model/column-values.js';
import { namedType, propertyForKey } from '../model/response-exposure.js';
import { missingProblem, unknownProblem } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import { isHidden } from '../model/hidden-columns.js';
import { columnsIn } from '../model/field-tree.js';
import type { ResourceColumn } from '../model/resource-column.js';
import { isReadOnly } from './body-schema.js';
import type { AcceptedBody, BodySchema, Json } from './body-schema.js';
import { validatedProperties } from './class-validator-rules.js';
import { requirePlainObject } from './request-body.js';
import { readDto } from './dto-reader.js';
import { readEntity } from './entity-body-reader.js';

/** Validates the request bodies of one route. */
export class BodyValidator {
  /** The properties with class-validator rules; undefined if only the columns validate the body. */
  private readonly ruled: ReadonlySet<string> | undefined;
  /** Hidden columns of embedded objects that the DTO does not list, although the DTO may accept the whole object. */
  private readonly unnamed: readonly ResourceColumn[];

  /** @param form the schema of the body; the OpenAPI document is generated from it too */
  constructor(readonly form: BodySchema) {
    const ruled = validatedProperties(form.dto ?? form.entity);
    this.ruled = form.dto === undefined && ruled.size === 0 ? undefined : ruled;
    this.unnamed = [...columnsIn(form.fields)].filter(
      (column) => column.metadata.embeddedMetadata !== undefined && isHidden(column) && !this.covers(column),
    );
  }

  /** True if the DTO has no validation rules: whitelisting would then remove every property of a body. */
  get isEmpty(): boolean {
    return this.ruled?.size === 0;
  }

  /** Checks whether a body of this route can set the column. */
  covers(column: ResourceColumn): boolean {
    if (!this.form.accepts(column)) return false;
    let ruled = this.ruled;
    let type: Function | undefined = this.form.dto ?? this.form.entity;
    // Walks down the embedded objects. If the class of an object is unknown, it accepts any column that is not hidden.
    for (const name of column.property.split('.')) {
      if (ruled === undefined || type === undefined) return !isHidden(column);
      if (!ruled.has(name)) return false;
      type = namedType(type, name);
      ruled = type && validatedProperties(type);
    }
    return true;
  }

  /**
   * Validates a body and returns its values, without server-owned columns.
   *
   * @returns an instance of the DTO, or an object of column values if there is no DTO
   * @throws BadRequestException with all validation errors
   */
  async read(body: unknown): Promise<AcceptedBody> {
    const source = requirePlainObject(body);
    const { dto } = this.form;
    const read = await (dto === undefined
      ? readEntity(this.form, this.ruled, source)
      : readDto(dto, this.form, this.ruled!, source));
    for (const column of this.unnamed) removeAt(read.body, column.property);
    const tenant = this.readTenant(source);
    const unknown = this.unknownKeys(source);
    const isDecided = unknown.length === 0 || !this.form.mayShowMore();
    const problems = [...(isDecided ? unknown.map(unknownProblem) : []), ...read.problems, ...tenant.problems];
    if (problems.length > 0) throw badRequest(problems);
    const undecided = Object.fromEntries(isDecided ? [] : unknown.map((key) => [key, source[key]]));
    return { body: Object.assign(read.body, tenant.values), undecided };
  }

  /** Returns the server-owned columns that a body contains. */
  claimsOf(body: unknown): Json {
    const claims = Object.entries(body as Json).filter(
      ([key, value]) => value !== undefined && isReadOnly(this.form, key),
    );
    return Object.fromEntries(
      claims.filter(([key]) => !this.form.tenantColumns.some(({ property }) => property === key)),
    );
  }

  private unknownKeys(source: Json): string[] {
    const { dto, fields, shownKeys } = this.form;
    const isKnown = (key: string): boolean =>
      fields.has(key) || shownKeys.has(key) || (dto !== undefined && this.ruled!.has(propertyForKey(dto, key)));
    return Object.keys(source).filter((key) => !isKnown(key));
  }

  private readTenant(source: Json): { values: Json; problems: RequestError[] } {
    const values: Record<string, unknown> = {};
    const problems: RequestError[] = [];
    for (const column of this.form.tenantColumns) {
      const value = source[column.property];
      // A row with a null tenant is shared by all tenants, if the column is nullable.
      const isMissing = value === undefined || (value === null && !column.metadata.isNullable);
      const problem = isMissing
        ? missingProblem(column.property)
        : value === null
          ? undefined
          : valueProblem(column, value);
      if (problem !== undefined) problems.push(problem);
      else values[column.property] = value === null ? null : column.type.fromJson(value);
    }
    return { values, problems };
  }
}

function removeAt(holder: object, path: string): void {
  const names = path.split('.');
  const last = names.pop()!;
  let object: unknown = holder;
  for (const name of names) object = (object as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  if (typeof object === 'object' && object !== null) Reflect.deleteProperty(object, last);
}
