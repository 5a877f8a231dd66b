import { badRequest } from '../errors/invalid-request.exception.js';
import { valueProblem } from '../model/column-values.js';
import { namedType, propertyForKey } from '../model/dto-exposure.js';
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

/** The rules for the bodies of one route. */
export class BodyValidator {
  /** The properties with class-validator rules; undefined where the columns alone are the rules. */
  private readonly ruled: ReadonlySet<string> | undefined;
  /** Hidden columns of embedded objects that a DTO does not name, although it may take the object as a whole. */
  private readonly unnamed: readonly ResourceColumn[];

  /** @param form what a body may hold; the OpenAPI document is written from it too */
  constructor(readonly form: BodySchema) {
    const ruled = validatedProperties(form.dto ?? form.entity);
    this.ruled = form.dto === undefined && ruled.size === 0 ? undefined : ruled;
    this.unnamed = [...columnsIn(form.fields)].filter(
      (column) => column.metadata.embeddedMetadata !== undefined && isHidden(column) && !this.covers(column),
    );
  }

  /** Whether the DTO has no rules at all, so that nothing of a body would be left. */
  get isEmpty(): boolean {
    return this.ruled?.size === 0;
  }

  /** Whether a body of this route can say something of the column. */
  covers(column: ResourceColumn): boolean {
    if (!this.form.accepts(column)) return false;
    let ruled = this.ruled;
    let type: Function | undefined = this.form.dto ?? this.form.entity;
    // Level by level of the embedded objects that it is in; where no class says what an object holds, it may hold anything
    // that the entity does not hide.
    for (const name of column.property.split('.')) {
      if (ruled === undefined || type === undefined) return !isHidden(column);
      if (!ruled.has(name)) return false;
      type = namedType(type, name);
      ruled = type && validatedProperties(type);
    }
    return true;
  }

  /**
   * What a body says, for the handler: an instance of the DTO, or an object of column values. Nothing in it is the
   * server's.
   *
   * @throws BadRequestException with every problem there is
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

  /** What a body that has been read says of columns that are not the client's. */
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
      // Null makes a row that all tenants share, where the column may be null.
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

/** Removes what an object holds under a path. */
function removeAt(holder: object, path: string): void {
  const names = path.split('.');
  const last = names.pop()!;
  let object: unknown = holder;
  for (const name of names) object = (object as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  if (typeof object === 'object' && object !== null) Reflect.deleteProperty(object, last);
}
