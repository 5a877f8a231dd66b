import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { hasClassKeys } from '../model/reserved-keys.js';
import { valueProblem } from '../model/column-values.js';
import { propertyOfKey } from '../model/dto-exposure.js';
import { isColumn } from '../model/field-tree.js';
import type { Fields } from '../model/field-tree.js';
import { bodyProblem } from '../errors/request-error.js';
import type { Problem } from '../errors/request-error.js';
import { columnOf, isRefused } from './body-schema.js';
import type { BodyForm, Json, ReadBody } from './body-schema.js';
import { problemsOf } from './class-validator-rules.js';
import { isPlainObject } from '../../common/is-plain-object.js';

/**
 * Reads a body as an instance of a DTO, by the rules of class-transformer and class-validator. What has no rule does
 * not get in.
 *
 * @param ruled the DTO's properties with rules
 */
export async function readDto(
  dto: Type<object>,
  form: BodyForm,
  ruled: ReadonlySet<string>,
  source: Json,
): Promise<ReadBody> {
  const unreadable = unreadableProblems(source);
  if (unreadable.length > 0) return { body: {}, problems: unreadable };
  const cleared = form.isBorrowed ? clearedColumns(dto, form, ruled, source) : [];
  const rest = Object.entries(source).filter(([key]) => !cleared.includes(propertyOfKey(dto, key)));
  const body = instantiate(dto, Object.fromEntries(rest), form);
  const problems = await problemsOf(body, form.partial);
  for (const property of cleared) {
    const problem = valueProblem(columnOf(form, property)!, null);
    if (problem === undefined) body[property] = null;
    else problems.push(problem);
  }
  for (const property of Object.keys(body)) if (isRefused(form, property)) delete body[property];
  return { body, problems };
}

/** class-transformer takes what an object calls its constructor for its class. */
function unreadableProblems(source: Json): Problem[] {
  return Object.keys(source)
    .filter((key) => hasClassKeys(source[key]))
    .map((key) => bodyProblem(key, `${key} must not hold a property constructor`, 'unknown'));
}

/**
 * In a partial body null clears a column. Whether it may is the column's word: the rules were written for another
 * route.
 */
function clearedColumns(dto: Type<object>, form: BodyForm, ruled: ReadonlySet<string>, source: Json): string[] {
  return Object.keys(source)
    .filter((key) => source[key] === null)
    .map((key) => propertyOfKey(dto, key))
    .filter((property) => ruled.has(property) && columnOf(form, property) !== undefined && !isRefused(form, property));
}

/** In a partial body what is not mentioned stays away, initial values of the class too. */
function instantiate(dto: Type<object>, body: Json, { partial, fields }: BodyForm): Record<string, unknown> {
  const instance = plainToInstance(dto, body) as Record<string, unknown>;
  if (partial) keepSent(instance, body, fields);
  return instance;
}

function keepSent(instance: Record<string, unknown>, sent: Json, fields: Fields): void {
  const type = instance.constructor as Type<object>;
  const values = new Map(Object.entries(sent).map(([key, value]) => [propertyOfKey(type, key), value]));
  for (const property of Object.keys(instance)) {
    if (!values.has(property)) {
      delete instance[property];
      continue;
    }
    const field = fields.get(property);
    const [held, value] = [instance[property], values.get(property)];
    // A column is replaced as a whole, the columns of an embedded object are not.
    const isEmbedded = field !== undefined && !isColumn(field);
    if (isEmbedded && isPlainObject(value) && typeof held === 'object' && held !== null)
      keepSent(held as Record<string, unknown>, value, field);
  }
}
