import type { Random } from '../support/random.js';
import type { Message } from '../support/transport.js';
import { RESOURCES } from './resources.js';
import type { FuzzedResource, Sort } from './resources.js';

/** What a value of no type at all may be. */
const NASTY: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -0,
    -1,
    1.5,
    1e21,
    1e308,
    2 ** 31,
    2 ** 53,
    '',
    ' ',
    'x',
    "'",
    '"',
    '\\',
    '\u0000',
    '%',
    '_',
  ],
  ...["' OR 1=1 --", '1; DROP TABLE ticket', '${x}', '{{x}}', ':id', '$1', '?', '😀', '\ud800', 'a'.repeat(300), 'NaN'],
  ...['Infinity', '-', '1e999', '2026-02-30', '9999-99-99', '0000-00-00', '24:00', 'null', '[object Object]', '../..'],
  ...[[], [[]], [null], {}, { id: 1 }, { id: {} }, { toString: 'x' }, { length: 3 }, { __proto__: { id: 1 } }],
];
const OPERATORS = [
  ...[
    'eq',
    'ne',
    'lt',
    'lte',
    'gt',
    'gte',
    'in',
    'not_in',
    'between',
    'is_null',
    'contains',
    'starts_with',
    'ends_with',
  ],
  ...['icontains', 'istarts_with', 'iends_with'],
];
const TEXT_OPERATORS = OPERATORS.slice(10);
const LISTS = ['in', 'not_in', 'between'];
const LETTERS = [
  ...'{}[]",:$&=%+-_.!*?\\\'/# 09azé',
  '%00',
  '%',
  '%7B',
  '__',
  '__gt',
  '&&',
  '=',
  '[]',
  '\u0000',
  '-1',
  '%ff',
];
const KEYS = [
  '__proto__',
  'constructor',
  'organizationId',
  'secret',
  'id',
  'toString',
  '$where',
  'a.b.c',
  '',
  'limit[]',
];

/** What earlier answers have told: ids of rows, and cursors. */
export interface Told {
  readonly ids: Record<string, (string | number)[]>;
  readonly cursors: string[];
  counter: number;
}

/** Makes requests that are mostly as they should be, with something wrong in some of them. */
export class FuzzedInputs {
  constructor(
    private readonly random: Random,
    private readonly told: Told,
  ) {}

  next(): Message {
    const { random } = this;
    const resource = random.pick(RESOURCES);
    return random.chance(0.5) ? this.list(resource) : this.write(resource);
  }

  private list(resource: FuzzedResource): Message {
    const { random } = this;
    const parameters = random.several(random.below(4), () => this.parameter(resource)).flat();
    let query = parameters.map(([name, text]) => `${encode(name)}=${encode(text)}`).join('&');
    if (random.chance(0.2)) query = this.damaged(query);
    return { url: asUrl(`${resource.path}?${query}`), headers: this.headers() };
  }

  private parameter(resource: FuzzedResource): [string, string][] {
    const { random } = this;
    switch (random.below(11)) {
      case 0:
        return [['limit', textOf(this.or(random.between(1, 100)))]];
      case 1:
        return [['offset', textOf(this.or(random.below(50)))]];
      case 2:
        return [['sort', this.sort(resource)]];
      case 3:
        return [['search', textOf(this.or(random.pick(['a', 'parcel', '%', '_', 'é'])))]];
      case 4:
        return [['count', textOf(this.or(random.pick(['exact', 'none', 'capped'])))]];
      case 5:
        return [
          ['cursor', this.cursor()],
          ...(random.chance(0.5) ? [['sort', this.sort(resource)] as [string, string]] : []),
        ];
      case 6:
        return random.chance(0.5)
          ? [['include', textOf(this.or(random.pick(['assignee', 'assignee', 'assignee', 'assignee.tickets'])))]]
          : [['fields', random.several(random.between(1, 3), () => this.fieldName(resource)).join()]];
      case 7:
      case 8: {
        const tree = JSON.stringify(this.tree(resource, random.below(4)));
        return [['filters', random.chance(0.1) ? this.damaged(tree) : tree]];
      }
      default: {
        const [key, value] = this.comparison(resource);
        return [[key, Array.isArray(value) ? value.map(textOf).join() : textOf(value)]];
      }
    }
  }

  private fieldName({ body }: FuzzedResource): string {
    return this.random.chance(0.05) ? this.random.pick(KEYS) : this.random.pick(['id', ...Object.keys(body)]);
  }

  private sort({ sort }: FuzzedResource): string {
    const { random } = this;
    const key = (): string => {
      const name = random.chance(0.05) ? random.pick(KEYS) : random.pick(sort);
      return random.chance(0.4)
        ? `-${name}`
        : name + random.pick(['', '', '__desc', '__asc__nullsfirst', '__nullslast']);
    };
    return random.several(random.between(1, 3), key).join();
  }

  private cursor(): string {
    const { random, told } = this;
    if (random.chance(0.5) || told.cursors.length === 0) return '';
    const cursor = random.pick(told.cursors);
    if (random.chance(0.3)) return this.damaged(cursor);
    if (random.chance(0.5)) return cursor;
    const content = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    return Buffer.from(JSON.stringify(content.with(random.below(content.length), random.pick(NASTY)))).toString(
      'base64url',
    );
  }

  private tree(resource: FuzzedResource, depth: number): object {
    const { random } = this;
    const parts = random.several(random.between(1, 3), () => {
      if (depth === 0 || random.chance(0.5)) return this.comparison(resource);
      const branches = random.several(random.between(1, 3), () => this.tree(resource, depth - 1));
      const word = random.pick(['$and', '$or', '$not']);
      return [word, word === '$not' ? branches[0] : this.or(branches, 0.03)] as const;
    });
    return Object.fromEntries(parts);
  }

  private comparison({ filter }: FuzzedResource): [string, unknown] {
    const { random } = this;
    const [name, sort] = random.pick(Object.entries(filter));
    const fitting = operatorsOf(sort);
    const operator = random.chance(0.05) ? random.pick(OPERATORS) : random.pick(fitting);
    const key = random.chance(0.03) ? random.pick(KEYS) : name;
    const value = (): unknown => this.or(this.value(sort), 0.05);
    const operand = LISTS.includes(operator)
      ? random.several(operator === 'between' ? 2 : random.below(5), value)
      : operator === 'is_null'
        ? random.chance(0.5)
        : sort === 'list'
          ? 'a'
          : value();
    return [operator === 'eq' ? key : `${key}__${operator}`, operand];
  }

  private write(resource: FuzzedResource): Message {
    const { random } = this;
    const verb = random.pick(['POST', 'POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'BULK', 'DELETE', 'RESTORE', 'GET']);
    const headers = { ...this.headers(), 'content-type': random.chance(0.03) ? 'text/plain' : 'application/json' };
    const row = asUrl(`${resource.path}/${encode(this.id(resource))}`);
    switch (verb) {
      case 'GET':
        return { url: row, headers: this.headers() };
      case 'DELETE':
        return { method: 'DELETE', url: row, headers: this.headers() };
      case 'RESTORE':
        return { method: 'POST', url: `${row}/restore`, headers: this.headers() };
      case 'BULK': {
        const rows = random.several(random.below(4), () => this.body(resource, resource.required));
        return { method: 'POST', url: `${resource.path}/bulk`, headers, body: this.json(this.or(rows, 0.05)) };
      }
      case 'POST':
        return { method: 'POST', url: resource.path, headers, body: this.json(this.body(resource, resource.required)) };
      default: {
        const body = this.body(resource, verb === 'PUT' ? resource.required : []);
        return { method: verb as 'PUT' | 'PATCH', url: row, headers, body: this.json(body) };
      }
    }
  }

  private id({ path }: FuzzedResource): string {
    const { random, told } = this;
    if (random.chance(0.1)) return textOf(random.pick(NASTY));
    const known = told.ids[path];
    return known.length === 0 || random.chance(0.1) ? '999999' : String(random.pick(known));
  }

  private body({ body }: FuzzedResource, required: readonly string[]): unknown {
    const { random } = this;
    const fields = Object.entries(body)
      .filter(([name]) => required.includes(name) || random.chance(0.3))
      .map(([name, sort]) => [name, this.or(this.value(sort), 0.03)]);
    if (random.chance(0.05)) fields.push([random.pick(KEYS), random.pick(NASTY)]);
    return this.or(Object.fromEntries(fields), 0.01);
  }

  private json(value: unknown): string {
    const text = JSON.stringify(value);
    return this.random.chance(0.08) ? this.damaged(text) : text;
  }

  private value(sort: Sort): unknown {
    const { random } = this;
    switch (sort) {
      case 'text':
        return random.pick(['a', 'Parcel', "it's", '50%', 'é', '']) + random.pick(['', '1', ' x']);
      case 'status':
        return random.pick(['open', 'closed']);
      case 'int':
        return random.between(-10, 100);
      case 'counter':
        return (this.told.counter += random.chance(0.95) ? 1 : 0);
      case 'small':
        return random.between(-32768, 32767);
      case 'bigint':
        return String(random.between(-(2 ** 40), 2 ** 40));
      case 'decimal':
        return `${random.between(-99999, 99999)}.${random.between(10, 99)}`;
      case 'float':
        return random.next() * 1000;
      case 'boolean':
        return random.chance(0.5);
      case 'day':
        return `2026-0${random.between(1, 9)}-1${random.below(10)}`;
      case 'instant':
        return `2026-01-1${random.below(10)}T10:00:0${random.below(10)}${random.pick(['Z', '+01:00', '.5Z', ''])}`;
      case 'color':
        return random.pick(['red', 'green']);
      case 'uuid':
        return `00000000-0000-4000-8000-00000000000${random.below(10)}`;
      case 'json':
        return random.pick<unknown>([{ a: [1] }, [], 'x', 1]);
      case 'list':
        return random.several(random.below(3), () => random.pick(['a', 'b', 'c']));
      case 'agent':
        return random.between(1, 4);
    }
  }

  private headers(): Record<string, string> {
    const { random } = this;
    return {
      'x-user': '1',
      ...(random.chance(0.05) && { accept: random.pick(['application/problem+json', 'text/html', '*/*;q=0']) }),
      ...(random.chance(0.05) && { 'if-match': random.pick(['*', '"1"', 'W/"1"', '"', 'x', '"1", "2"']) }),
      ...(random.chance(0.05) && { 'if-none-match': random.pick(['*', '"1"', 'W/"1"', '', ',']) }),
    };
  }

  /** A value, or something else in its place. */
  private or(value: unknown, probability = 0.06): unknown {
    return this.random.chance(probability) ? this.random.pick(NASTY) : value;
  }

  /** A text with something taken out, put in or doubled. */
  private damaged(text: string): string {
    const { random } = this;
    let damaged = text;
    for (let i = random.between(1, 3); i > 0; i -= 1) {
      const at = random.below(damaged.length + 1);
      const end = at + random.below(4);
      const put = random.pick(['', damaged.slice(at, end).repeat(2), random.pick(LETTERS)]);
      damaged = damaged.slice(0, at) + put + damaged.slice(end);
    }
    return damaged;
  }
}

function operatorsOf(sort: Sort): readonly string[] {
  switch (sort) {
    case 'text':
    case 'status':
      return OPERATORS;
    case 'boolean':
    case 'color':
    case 'uuid':
      return ['eq', 'ne', 'in', 'not_in', 'is_null'];
    case 'json':
      return ['is_null'];
    case 'list':
      return ['contains', 'is_null'];
    case 'int':
    case 'counter':
    case 'small':
    case 'bigint':
    case 'decimal':
    case 'float':
    case 'day':
    case 'instant':
    case 'agent':
      return OPERATORS.filter((operator) => !TEXT_OPERATORS.includes(operator));
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Percent-encoded; half of a surrogate pair, which cannot be, stays out. */
function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, ''));
}

/** What a socket takes: no control characters, no blanks, nothing beyond ASCII. */
function asUrl(text: string): string {
  return text.replace(/[^!-~]/gu, (letter) => encode(letter)).replaceAll('#', '%23');
}
