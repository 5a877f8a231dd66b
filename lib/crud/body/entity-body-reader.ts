import { readColumnValues } from '../model/column-values.js';
import type { ColumnValues } from '../model/column-values.js';
import { isReadOnly } from './body-schema.js';
import type { BodySchema, Json, ReadBody } from './body-schema.js';
import { validateInstance } from './class-validator-rules.js';
import { pointerTo } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import { RULES_FOR_SENT } from './text-validation-rules.js';

/**
 * Reads a body by the column types of the entity, then by the entity's own class-validator rules, if it has any. The
 * rules see the converted values. If there are rules, properties without a rule are dropped.
 *
 * @param ruled the properties of the entity that have rules; undefined if it has none
 */
export async function readEntity(
  form: BodySchema,
  ruled: ReadonlySet<string> | undefined,
  source: Json,
): Promise<ReadBody> {
  const offered = Object.fromEntries(Object.entries(source).filter(([key]) => !isReadOnly(form, key)));
  const { values, problems } = readColumnValues(form.fields, offered, form.accepts);
  const body = toObject(values);
  if (ruled === undefined) return { body, problems };

  const misfits = new Set(
    Object.keys(offered).filter((key) => offered[key] !== undefined && !Object.hasOwn(body, key)),
  );
  const checked = form.isBorrowed ? withoutNulls(body) : body;
  const row = Object.assign(Object.create(form.entity.prototype as object) as object, checked);
  const ruleProblems = await validateInstance(row, form.partial, misfits);
  const isMet = await metBySent(form, offered, checked);
  return {
    body: Object.fromEntries(Object.entries(body).filter(([key]) => ruled.has(key))),
    problems: [...problems, ...ruleProblems.filter((problem) => !isMet(problem))],
  };
}

/**
 * Validates the sent values of columns that convert them, e.g. a string to a Date or bytes, or a number to a string. A
 * DTO would see the sent value too.
 *
 * @param read the converted values, as the entity will hold them
 * @returns a check whether a validation error can be ignored: the sent value satisfies a rule that the converted value
 *   does not
 */
async function metBySent(form: BodySchema, offered: Json, read: Json): Promise<(problem: RequestError) => boolean> {
  const properties = Object.keys(read).filter((key) => offered[key] !== read[key]);
  if (properties.length === 0) return () => false;
  const sent = Object.create(form.entity.prototype as object) as Record<string, unknown>;
  for (const property of properties) sent[property] = offered[property];
  const pointers = new Set(properties.map((property) => pointerTo([property])));
  const unmet = await validateInstance(sent, true);
  return ({ pointer = '', code }) =>
    pointers.has(pointer) &&
    RULES_FOR_SENT.has(code) &&
    !unmet.some((other) => other.pointer === pointer && other.code === code);
}

function toObject(values: ColumnValues): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [column, value] of values) {
    const path = column.property.split('.');
    const name = path.pop()!;
    let target = result;
    for (const part of path) target = (target[part] ??= {}) as Record<string, unknown>;
    target[name] = value;
  }
  return result;
}

function withoutNulls(body: Json): Json {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}
