import { attempt } from '../../common/safe-read.js';
import type { HttpAdapter } from '../../tenancy/http/cache-headers.js';
import type { LazyResponse } from '../response/serialized-rows.js';

/** The members of a response of Express that are used here. */
interface ExpressResponse {
  readonly app: { readonly response: object; get(setting: string): unknown };
  json: (this: ExpressResponse, body: unknown) => unknown;
  get(header: string): unknown;
  set(header: string, value: string): unknown;
  send(text: string): unknown;
}

/** The members of a reply of Fastify that are used here. */
interface FastifyReply {
  send: (this: FastifyReply, payload?: unknown) => unknown;
  serialize(payload: unknown): unknown;
  serializer(serialize: ((payload: unknown) => unknown) | null): unknown;
  hasHeader(name: string): boolean;
  header(name: string, value: string): unknown;
}

/**
 * Lets a response be sent as the text that it already is, if its body arrives where it is sent, and code has not looked
 * at its rows. Everything else is sent as ever: a body that an interceptor has wrapped or copied, or one that the
 * application's settings, its serializers or a replaced method write in another way.
 */
export function sendAsText(adapter: HttpAdapter, response: unknown, lazy: LazyResponse): void {
  const type = adapter.getType();
  if (type === 'express') sendByExpress(response as ExpressResponse, lazy);
  else if (type === 'fastify') sendByFastify(response as FastifyReply, lazy);
}

/** The settings with which Express writes other JSON. */
const JSON_SETTINGS = ['json escape', 'json replacer', 'json spaces'];

function sendByExpress(response: ExpressResponse, lazy: LazyResponse): void {
  const { app, json } = response;
  const standard = Object.getPrototypeOf(app.response) as Partial<ExpressResponse>;
  if (json !== standard.json) return;
  response.json = (given) => {
    const isPlain = given === lazy.body && !JSON_SETTINGS.some((setting) => Boolean(app.get(setting)));
    const text = isPlain ? lazy.toText() : undefined;
    if (text === undefined) return json.call(response, given);
    if (!response.get('Content-Type')) response.set('Content-Type', 'application/json');
    return response.send(text);
  };
}

/** A body that shows whether a reply is written by `JSON.stringify`. */
const PROBE = { items: [{ id: 1, text: '"', none: null }], total: 1 };
const PROBE_TEXT = JSON.stringify(PROBE);

function sendByFastify(reply: FastifyReply, lazy: LazyResponse): void {
  const { send } = reply;
  reply.send = (payload) => {
    if (payload === lazy.body && !reply.hasHeader('content-type') && isWrittenAsJson(reply)) {
      // As Fastify does for an object, unless the reply has a serializer.
      reply.header('content-type', 'application/json; charset=utf-8');
      reply.serializer((given) => {
        const text = given === lazy.body ? lazy.toText() : undefined;
        if (text !== undefined) return text;
        reply.serializer(null);
        return reply.serialize(given);
      });
    }
    return send.call(reply, payload);
  };
}

/** The schema of a route may write other JSON, and throws for what does not fit it. */
function isWrittenAsJson(reply: FastifyReply): boolean {
  return attempt(() => reply.serialize(PROBE), undefined) === PROBE_TEXT;
}
