import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { hasReservedKeys } from '../model/reserved-keys.js';
import { valueProblem } from '../model/column-values.js';
import { propertyForKey } from '../model/response-exposure.js';
import { isColumn } from '../model/field-tree.js';
import type { FieldTree } from '../model/field-tree.js';
import { bodyError } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import { columnOf, isReadOnly } from './body-schema.js';
import type { BodySchema, Json, ReadBody } from './body-schema.js';
import { validateInstance } from './class-validator-rules.js';
import { isPlainObject } from '../../common/is-plain-object.js';

/**
 * Reads a body as an instance of a DTO, with class-transformer and class-validator. Properties without a rule are
 * removed.
 *
 * @param ruled the properties of the DTO that have rules
 */
export async function readDto(
  dto: Type<object>,
  form: BodySchema,
  ruled: ReadonlySet<string>,
  source: Json,
): Promise<ReadBody> {
  const unreadable = unreadableProblems(source);
  if (unreadable.length > 0) return { body: {}, problems: unreadable };
  const cleared = form.isBorrowed ? nulledColumns(dto, form, ruled, source) : [];
  const rest = Object.entries(source).filter(([key]) => !cleared.includes(propertyForKey(dto, key)));
  const body = instantiate(dto, Object.fromEntries(rest), form);
  const problems = await validateInstance(body, form.partial);
  for (const property of cleared) {
    const problem = valueProblem(columnOf(form, property)!, null);
    if (problem === undefined) body[property] = null;
    else problems.push(problem);
  }
  for (const property of Object.keys(body)) if (isReadOnly(form, property)) delete body[property];
  return { body, problems };
}

/** Rejects nested `constructor` keys: class-transformer uses an object's `constructor` property as its class. */
function unreadableProblems(source: Json): RequestError[] {
  return Object.keys(source)
    .filter((key) => hasReservedKeys(source[key]))
    .map((key) => bodyError(key, `${key} must not hold a property constructor`, 'unknown'));
}

/**
 * Returns the properties that a partial body sets to null. Their columns decide whether null is allowed, because the
 * rules of a borrowed DTO were written for another route.
 */
function nulledColumns(dto: Type<object>, form: BodySchema, ruled: ReadonlySet<string>, source: Json): string[] {
  return Object.keys(source)
    .filter((key) => source[key] === null)
    .map((key) => propertyForKey(dto, key))
    .filter((property) => ruled.has(property) && columnOf(form, property) !== undefined && !isReadOnly(form, property));
}

/**
 * Creates the DTO instance. For a partial body, properties that were not sent are removed, including initial values of
 * the class.
 */
function instantiate(dto: Type<object>, body: Json, { partial, fields }: BodySchema): Record<string, unknown> {
  const instance = plainToInstance(dto, body) as Record<string, unknown>;
  if (partial) dropUnsent(instance, body, fields);
  return instance;
}

function dropUnsent(instance: Record<string, unknown>, sent: Json, fields: FieldTree): void {
  const type = instance.constructor as Type<object>;
  const values = new Map(Object.entries(sent).map(([key, value]) => [propertyForKey(type, key), value]));
  for (const property of Object.keys(instance)) {
    if (!values.has(property)) {
      delete instance[property];
      continue;
    }
    const field = fields.get(property);
    const [held, value] = [instance[property], values.get(property)];
    // A column is replaced as a whole; an embedded object is merged column by column.
    const isEmbedded = field !== undefined && !isColumn(field);
    if (isEmbedded && isPlainObject(value) && typeof held === 'object' && held !== null)
      dropUnsent(held as Record<string, unknown>, value, field);
  }
}
