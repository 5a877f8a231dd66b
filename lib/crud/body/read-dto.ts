import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { hasClassKeys } from '../response/class-keys.js';
import { valueProblem } from '../rows/column-values.js';
import { propertyOfKey } from '../resource/exposure.js';
import { bodyProblem } from '../problem-details/problem.js';
import type { Problem } from '../problem-details/problem.js';
import { columnOf, isRefused } from './body-form.js';
import type { BodyForm, Json, ReadBody } from './body-form.js';
import { problemsOf } from './class-rules.js';

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
  const cleared = form.partial ? clearedColumns(dto, form, ruled, source) : [];
  const rest = Object.entries(source).filter(([key]) => !cleared.includes(propertyOfKey(dto, key)));
  const body = instantiate(dto, Object.fromEntries(rest), form.partial);
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
function instantiate(dto: Type<object>, body: Json, partial: boolean): Record<string, unknown> {
  const instance = plainToInstance(dto, body) as Record<string, unknown>;
  if (!partial) return instance;
  const sent = new Set(Object.keys(body).map((key) => propertyOfKey(dto, key)));
  for (const property of Object.keys(instance)) if (!sent.has(property)) delete instance[property];
  return instance;
}
