import type { Type } from '@nestjs/common';
import {
  Crud,
  CrudController,
  MuckModule,
  scoped,
  shared,
  tenantFromUser,
  TenantScoped,
  TenantShared,
} from 'nestjs-muck';
import type { EntityRef } from 'nestjs-muck';
import type { EntitySchema } from 'typeorm';

/** What one place says of an entity that has an `organizationId` and an `ownerId`. A controller that is `plain` names no column. */
export type Word = 'none' | 'organization' | 'owner' | 'shared';
export type ControllerWord = Word | 'plain';

export const WORDS: readonly Word[] = ['none', 'organization', 'owner', 'shared'];
export const CONTROLLER_WORDS: readonly ControllerWord[] = ['none', 'plain', 'organization', 'owner', 'shared'];

/** What every place says of one entity, and of the class that it extends. */
export interface Words {
  readonly base: Word;
  readonly entity: Word;
  readonly listedByClass: Word;
  readonly listedByName: Word;
  readonly controller: ControllerWord;
  readonly baseController: ControllerWord;
}

/** By which column the rows belong to tenants, or that the application does not start. */
export type Outcome = Exclude<Word, 'none'> | 'refused';

const OWNER = { columns: { organizationId: 'ownerId' } };

/** Any class, be it abstract. */
export type Class = abstract new () => object;

/** Decorates a class with a word. */
export function decorate(type: Class, word: ControllerWord): void {
  if (word === 'shared') TenantShared('a test')(type);
  else if (word !== 'none') (TenantScoped(optionsOf(word)) as ClassDecorator)(type);
}

/** Lists an entity in forRoot with a word. */
export function list(entity: EntityRef | EntitySchema, word: Word): void {
  if (word === 'none') return;
  const declared = word === 'shared' ? shared(entity, 'a test') : scoped(entity, word === 'owner' ? OWNER : {});
  MuckModule.forRoot({
    scope: { organizationId: Number },
    resolver: tenantFromUser('organizationId'),
    entities: [declared],
  });
}

/** Makes a controller over an entity, decorated with a word. */
export function serve(entity: Class, word: ControllerWord): void {
  if (word === 'none') return;
  class EntityController extends CrudController<object> {}
  Crud(entity as Type<object>)(EntityController as never);
  decorate(EntityController, word);
}

/** The right outcome: the classes and forRoot come before every controller, and whatever disagrees stops the start. */
export function rightOutcome(words: Words): Outcome {
  const own = [words.entity, words.listedByClass, words.listedByName].filter((word) => word !== 'none');
  const inherited = [words.base].filter((word) => word !== 'none');
  const declared = own.length > 0 ? own : inherited;
  const heard = own.length > 0 ? [words.controller] : [words.controller, words.baseController];
  const controllers = heard.filter((word) => word !== 'none');
  const explicit = controllers.filter((word) => word !== 'plain');
  if (declared.length > 0) return only([...declared, ...explicit]);
  const meant = controllers.map((word) => (word === 'plain' ? 'organization' : word));
  return meant.includes('shared') ? 'refused' : only(meant);
}

function only(words: readonly ControllerWord[]): Outcome {
  const [word, ...others] = new Set(words);
  return word === undefined || others.length > 0 ? 'refused' : (word as Outcome);
}

function optionsOf(word: ControllerWord): object {
  if (word === 'owner') return OWNER;
  return word === 'organization' ? { columns: { organizationId: 'organizationId' } } : {};
}

/** All combinations of some lists. */
export function product<T extends object>(lists: { readonly [K in keyof T]: readonly T[K][] }): T[] {
  return Object.entries(lists).reduce<T[]>(
    (rows, [name, values]) => rows.flatMap((row) => (values as unknown[]).map((value) => ({ ...row, [name]: value }))),
    [{} as T],
  );
}
