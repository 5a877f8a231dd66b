import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { MERGE_PATCH_TYPE } from './media-type.js';

interface FastifyLike {
  hasContentTypeParser(type: string): boolean;
  addContentTypeParser(type: string, options: { parseAs: 'string' }, parser: unknown): void;
  getDefaultJsonParser(onProto: 'error', onConstructor: 'error'): unknown;
}

interface Incoming {
  readonly method: string;
  readonly headers: Record<string, string | undefined>;
}

interface ParsingAdapter {
  getType(): string;
  getInstance(): unknown;
  use(handler: (request: Incoming, response: unknown, next: () => void) => void): void;
}

/** Makes the adapters parse `application/merge-patch+json` with their JSON parser. */
@Injectable()
export class MergePatchParser {
  /** Runs before the application registers its parsers. A testing module has no adapter yet. */
  constructor(host: HttpAdapterHost) {
    const adapter = host.httpAdapter as unknown as ParsingAdapter | undefined;
    const type = adapter?.getType();
    if (type === 'express') adapter!.use(parseAsJson);
    if (type === 'fastify') addParser(adapter!.getInstance() as FastifyLike);
  }
}

/** Express selects parsers by type and has none for this one, so the type is rewritten to JSON. */
function parseAsJson({ method, headers }: Incoming, _: unknown, next: () => void): void {
  const type = headers['content-type'];
  if (method === 'PATCH' && type?.toLowerCase().startsWith(MERGE_PATCH_TYPE) === true) {
    headers['content-type'] = `application/json${type.slice(MERGE_PATCH_TYPE.length)}`;
  }
  next();
}

function addParser(fastify: FastifyLike): void {
  if (fastify.hasContentTypeParser(MERGE_PATCH_TYPE)) return;
  fastify.addContentTypeParser(MERGE_PATCH_TYPE, { parseAs: 'string' }, fastify.getDefaultJsonParser('error', 'error'));
}
