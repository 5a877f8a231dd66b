import { describe, expect, it } from '@jest/globals';
import { Exclude, Expose, Transform, Type, instanceToPlain, plainToInstance } from 'class-transformer';
import { serialize } from '../../../../lib/crud/response/class-conversion.js';
import { Random } from '../../../support/random.js';

/* Serialization by classes that were read once gives what class-transformer gives, for generated classes and values. */

type Class = new () => Record<string, unknown>;

const NAMES = ['id', 'name', 'total', 'owner', 'items', 'made', 'raw', 'extra'];
const SEED = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);

/** Makes a class with random decorators, over a base class at times. */
function makeClass(random: Random, others: readonly Class[]): Class {
  const base: Class = random.chance(0.3) && others.length > 0 ? random.pick(others) : (Object as unknown as Class);
  const type = class extends base {
    get shout(): string {
      return `${String(this['name'])}!`;
    }

    greet(): string {
      return `hello ${String(this['name'])}`;
    }
  };
  const decorate = (decorator: PropertyDecorator | (PropertyDecorator & ClassDecorator), name: string) =>
    decorator(type.prototype, name);
  if (random.chance(0.3)) Exclude()(type as never);
  else if (random.chance(0.2)) Expose()(type as never);
  for (const name of [...NAMES, 'shout', 'greet']) {
    if (random.chance(0.4)) decorate(Expose(exposure(random)), name);
    if (random.chance(0.15)) decorate(Exclude(direction(random)), name);
    if (random.chance(0.15))
      decorate(
        Transform(({ value, key, obj }) => [key, value, Object.keys(obj).length], direction(random)),
        name,
      );
    if (random.chance(0.05))
      decorate(
        Transform(() => 'hidden', { groups: ['admin'] }),
        name,
      );
    if (random.chance(0.25)) decorate(Type(namedType(random, others)), name);
  }
  return type;
}

function exposure(random: Random): Parameters<typeof Expose>[0] {
  return {
    ...(random.chance(0.3) && { name: random.pick([...NAMES, 'renamed']) }),
    ...(random.chance(0.1) && { groups: ['admin'] }),
    ...direction(random),
  };
}

function direction(random: Random): { toClassOnly?: boolean; toPlainOnly?: boolean } {
  return random.pick([{}, {}, {}, { toClassOnly: true }, { toPlainOnly: true }]);
}

function namedType(random: Random, others: readonly Class[]): () => never {
  const type: unknown = random.pick([String, Number, Boolean, Date, undefined, ...others]);
  return () => type as never;
}

function makeValue(random: Random, classes: readonly Class[], depth: number): unknown {
  const nested = (): unknown => makeValue(random, classes, depth - 1);
  const kinds: (() => unknown)[] = [
    () => random.below(1000),
    () => random.pick(['', 'a', 'x'.repeat(30), '2026-01-02T03:04:05.678Z']),
    () => random.pick([true, false, null, undefined]),
    () => new Date(random.below(2_000_000_000)),
    () => Buffer.from('bytes'),
  ];
  if (depth > 0)
    kinds.push(
      () => Array.from({ length: random.below(3) }, nested),
      () =>
        Object.fromEntries(['a', 'then', '0', 'name'].filter(() => random.chance(0.5)).map((key) => [key, nested()])),
      () => makeInstance(random, random.pick(classes), classes, depth - 1),
      () => new Map([['a', nested()]]),
      () => new Set([nested()]),
      () => () => 'called',
    );
  return random.pick(kinds)();
}

function makeInstance(random: Random, type: Class, classes: readonly Class[], depth: number): object {
  const instance = new type();
  for (const name of NAMES) if (random.chance(0.7)) instance[name] = makeValue(random, classes, depth);
  return instance;
}

/** The JSON of a result, or the message of its failure. */
function outcome(run: () => unknown): string {
  try {
    return JSON.stringify(run());
  } catch (error) {
    return `fails: ${(error as Error).constructor.name}`;
  }
}

describe('serialization by compiled classes', () => {
  it.each(Array.from({ length: 40 }, (_, i) => SEED + i))('gives the bytes of class-transformer (seed %p)', (seed) => {
    const random = new Random(seed);
    const classes: Class[] = [];
    for (let i = 0; i < 5; i += 1) classes.push(makeClass(random, [...classes]));
    for (let i = 0; i < 100; i += 1) {
      const row = makeInstance(random, random.pick(classes), classes, 2);
      expect(outcome(() => serialize(row))).toBe(outcome(() => instanceToPlain(row)));
      const dto = random.pick(classes);
      expect(outcome(() => serialize(row, dto))).toBe(
        outcome(() => instanceToPlain(plainToInstance(dto, row, { excludeExtraneousValues: true }))),
      );
    }
  });

  it.each([
    ['alone', {}],
    ['beside a value that only class-transformer converts', { extra: new Map([['a', 1]]) }],
  ])('keeps any key of stored JSON, %s', (_, more) => {
    class Row {
      raw = JSON.parse('{"constructor":{"name":"x"},"__proto__":1,"list":[{"constructor":1}]}') as object;
    }
    const { raw } = serialize(Object.assign(new Row(), more)) as Row;
    expect(JSON.stringify(raw)).toBe('{"constructor":{"name":"x"},"__proto__":1,"list":[{"constructor":1}]}');
    expect(Object.getPrototypeOf(raw)).toBe(Object.prototype);
  });

  it('keeps any key of stored JSON whose class is named', () => {
    class Settings {}
    class Row {
      @Type(() => Settings)
      raw = JSON.parse('{"a":1,"constructor":{"name":"x"},"b":2}') as Settings;
    }
    expect(JSON.stringify(serialize(new Row()))).toBe('{"raw":{"a":1,"constructor":{"name":"x"},"b":2}}');
  });
});
