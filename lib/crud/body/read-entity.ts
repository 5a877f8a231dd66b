import { readColumnValues } from '../rows/column-values.js';
import type { ColumnValues } from '../rows/column-values.js';
import { isRefused } from './body-form.js';
import type { BodyForm, Json, ReadBody } from './body-form.js';
import { problemsOf } from './class-rules.js';

/**
 * Reads a body by the entity itself: by the types of its columns, then by its own class-validator rules, if it has any,
 * which see the values that the entity will hold. Only properties with a rule get in then.
 *
 * @param ruled the entity's properties with rules; undefined when it has none
 */
export async function readEntity(
  form: BodyForm,
  ruled: ReadonlySet<string> | undefined,
  source: Json,
): Promise<ReadBody> {
  const offered = Object.fromEntries(Object.entries(source).filter(([key]) => !isRefused(form, key)));
  const { values, problems } = readColumnValues(form.fields, offered, form.accepts);
  const body = toObject(values);
  if (ruled === undefined) return { body, problems };

  const misfits = new Set(
    Object.keys(offered).filter((key) => offered[key] !== undefined && !Object.hasOwn(body, key)),
  );
  const checked = form.partial ? withoutNulls(body) : body;
  const row = Object.assign(Object.create(form.entity.prototype as object) as object, checked);
  const ruleProblems = await problemsOf(row, form.partial, misfits);
  return {
    body: Object.fromEntries(Object.entries(body).filter(([key]) => ruled.has(key))),
    problems: [...problems, ...ruleProblems],
  };
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
