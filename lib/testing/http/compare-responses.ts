import { attempt } from '../../common/safe-read.js';
import type { TestResponse } from './test-client.js';

/** Headers that differ between equal responses. */
const VOLATILE = new Set([
  'date',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'server-timing',
  'x-response-time',
  'x-request-id',
  'age',
]);

/** A difference between two responses: the place, and both values as text. */
export interface ResponseDifference {
  /** `status`, `header etag` or the path in the body: `body.items.0.id`. */
  readonly place: string;
  readonly one: string;
  readonly other: string;
}

/** Options of {@link compareResponses}. */
export interface ComparisonOptions {
  /** Texts of both requests that a response may repeat, e.g. the ids of the requested rows. */
  readonly echoes?: readonly string[];
  /** Places that also differ between two equal requests. */
  readonly noise?: ReadonlySet<string>;
}

/** Returns the differences between two responses. */
export function compareResponses(
  one: TestResponse,
  other: TestResponse,
  { echoes = [], noise = new Set() }: ComparisonOptions = {},
): ResponseDifference[] {
  const bodies = [textOf(one, echoes), textOf(other, echoes)] as const;
  const hasEcho = bodies[0] !== one.body.toString('utf8') || bodies[1] !== other.body.toString('utf8');
  const differences: ResponseDifference[] = [];
  const note = (place: string, first: unknown, second: unknown): void => {
    if (isNoise(place, noise)) return;
    differences.push({ place, one: display(first), other: display(second) });
  };
  if (one.status !== other.status) note('status', one.status, other.status);
  for (const name of new Set([...Object.keys(one.headers), ...Object.keys(other.headers)])) {
    if (VOLATILE.has(name)) continue;
    const isDerived = name === 'etag' && (hasEcho || [...noise].some((place) => place.startsWith('body')));
    const values = [headerOf(one, name, echoes), headerOf(other, name, echoes)] as const;
    if (values[0] !== values[1] && !isDerived) note(`header ${name}`, ...values);
  }
  compareBodies(bodies[0], bodies[1], note);
  return differences;
}

function compareBodies(one: string, other: string, note: (place: string, a: unknown, b: unknown) => void): void {
  if (one === other) return;
  const parsed = [one, other].map((text) => attempt<unknown>(() => JSON.parse(text), undefined));
  if (parsed[0] === undefined || parsed[1] === undefined) note('body', one, other);
  else compareJson('body', parsed[0], parsed[1], note);
}

function compareJson(
  place: string,
  one: unknown,
  other: unknown,
  note: (place: string, a: unknown, b: unknown) => void,
): void {
  if (Object.is(one, other)) return;
  const isNested = [one, other].every((value) => typeof value === 'object' && value !== null);
  if (!isNested || Array.isArray(one) !== Array.isArray(other)) return note(place, one, other);
  const [first, second] = [one, other] as Readonly<Record<string, unknown>>[];
  if (Array.isArray(one) && one.length !== (other as unknown[]).length)
    return note(`${place}.length`, one.length, (other as unknown[]).length);
  for (const name of new Set([...Object.keys(first), ...Object.keys(second)]))
    compareJson(`${place}.${name}`, first[name], second[name], note);
}

/** A place is noise if it, a place around it or a place within it is. */
function isNoise(place: string, noise: ReadonlySet<string>): boolean {
  return [...noise].some((known) => place === known || place.startsWith(`${known}.`));
}

function headerOf({ headers }: TestResponse, name: string, echoes: readonly string[]): string {
  const text = String(headers[name] ?? '(none)');
  // A number in a hash is not the id of a row.
  return name === 'etag' ? text : withoutEchoes(text, echoes);
}

function textOf({ body }: TestResponse, echoes: readonly string[]): string {
  return withoutEchoes(body.toString('utf8'), echoes);
}

/** Replaces what the response repeats of the request. Longer texts go first, since one may contain another. */
function withoutEchoes(text: string, echoes: readonly string[]): string {
  const all = [
    ...new Set(echoes.flatMap((echo) => [echo, encodeURIComponent(echo), JSON.stringify(echo).slice(1, -1)])),
  ];
  return all
    .filter((echo) => echo !== '')
    .sort((one, other) => other.length - one.length)
    .reduce(
      (rest, echo) =>
        rest.replaceAll(new RegExp(`(?<![\\w])${echo.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w])`, 'g'), '<key>'),
      text,
    );
}

function display(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '(none)');
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
