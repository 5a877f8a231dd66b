import { gunzipSync, inflateRawSync } from 'node:zlib';
import { attempt } from '../../common/safe-read.js';
import type { TestResponse } from './test-client.js';

/** Maximum number of bytes that a compressed part may have after decompression. */
const LIMIT = { maxOutputLength: 50_000_000 };
const BASE64 = /^[A-Za-z0-9+/_-]{24,}={0,2}$/;

/** The texts of a response in which values of rows may appear. */
export interface ResponseText {
  readonly texts: readonly string[];
  /** The parsed JSON body; undefined for other bodies. */
  readonly json: unknown;
  /** True for a body of a binary format that could not be read. */
  readonly isOpaque: boolean;
}

/** Reads a response: headers, body, strings of JSON, the content of gzip and zip files. */
export function readResponse({ headers, body }: TestResponse): ResponseText {
  const content = unpack(body);
  const texts = content.map((part) => part.toString('utf8'));
  const json = attempt<unknown>(() => JSON.parse(texts[0]), undefined);
  const strings = json === undefined ? [] : stringsIn(json);
  const encoded = strings.filter((text) => BASE64.test(text)).map((text) => Buffer.from(text, 'base64').toString());
  const headerText = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
  return {
    texts: [...texts, ...strings, ...encoded, ...headerText],
    json,
    isOpaque: content.length === 1 && content[0].includes(0),
  };
}

/** Returns all strings in a JSON value, names of properties included. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => [name, ...stringsIn(part)]);
}

function unpack(body: Buffer): Buffer[] {
  if (body[0] === 0x1f && body[1] === 0x8b) return attempt(() => [gunzipSync(body, LIMIT)], [body]);
  if (body.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004') return attempt(() => unzip(body), [body]);
  return [body];
}

/** Reads the files of a zip archive by its central directory. */
function unzip(archive: Buffer): Buffer[] {
  const files: Buffer[] = [];
  let at = archive.indexOf(Buffer.from('PK\u0001\u0002', 'latin1'));
  while (at >= 0 && archive.readUInt32LE(at) === 0x02014b50) {
    const method = archive.readUInt16LE(at + 10);
    const size = archive.readUInt32LE(at + 20);
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const content = archive.subarray(start, start + size);
    files.push(method === 0 ? content : inflateRawSync(content, LIMIT));
    at += 46 + archive.readUInt16LE(at + 28) + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return files;
}
