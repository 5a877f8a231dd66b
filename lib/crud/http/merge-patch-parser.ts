import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { MERGE_PATCH_TYPE } from './media-type.js';

/** What is used of Fastify. */
interface FastifyLike {
  hasContentTypeParser(type: string): boolean;
  addContentTypeParser(type: string, options: { parseAs: 'string' }, parser: unknown): void;
  getDefaultJsonParser(onProto: 'error', onConstructor: 'error'): unknown;
}

/** What is used of a request of Express. */
interface Incoming {
  readonly method: string;
  readonly headers: Record<string, string | undefined>;
}

/** What is used of Nest's adapters. */
interface ParsingAdapter {
  getType(): string;
  getInstance(): unknown;
  use(handler: (request: Incoming, response: unknown, next: () => void) => void): void;
}

/** Lets the adapters parse `application/merge-patch+json`, which is JSON, as they parse JSON. */
@Injectable()
export class MergePatchParser {
  /** Made before the application registers its parsers. In a testing module there is no adapter yet. */
  constructor(host: HttpAdapterHost) {
    const adapter = host.httpAdapter as unknown as ParsingAdapter | undefined;
    const type = adapter?.getType();
    if (type === 'express') adapter!.use(parseAsJson);
    if (type === 'fastify') addParser(adapter!.getInstance() as FastifyLike);
  }
}

/** Express has parsers by type and none for this one: to the one for JSON it is JSON. */
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
