import { createHash } from 'node:crypto';
import { currentScope } from '../../tenancy/context/tenant-context.js';
import type { Resource } from '../resource/resource.js';

/** An entity tag of RFC 9110, with its allowed characters. */
const TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g;

/**
 * Returns the ETag of a stored row: a strong one, which changes with the row's version. It is opaque and includes the
 * tenant, so tags of different tenants differ for the same id and version. Security does not depend on that, because
 * the scope has already been checked.
 *
 * @returns undefined for an entity without a `@VersionColumn`, or if the version was not loaded
 * @see RFC 9110, section 8.8.3
 */
export function computeEtag(resource: Resource, row: object): string | undefined {
  const version = resource.metadata.versionColumn?.getEntityValue(row) as number | string | null | undefined;
  if (version === undefined || version === null) return undefined;
  const tenant = Object.entries(currentScope() ?? {}).map(([key, value]) => [key, typeof value, String(value)]);
  const text = JSON.stringify([resource.name, tenant, resource.key.toPathSegment(row), String(version)]);
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** The tags of a conditional header, or `*` for any. */
export class EtagList {
  private readonly isAny: boolean;
  private readonly strong = new Set<string>();
  private readonly weak = new Set<string>();

  /** @param header malformed tags in it match no row */
  constructor(header: string) {
    this.isAny = header.trim() === '*';
    for (const [, weakness, tag] of header.matchAll(TAG)) {
      (weakness === undefined ? this.strong : this.weak).add(`"${tag}"`);
    }
  }

  /** True for `*`, which matches any existing row. */
  get any(): boolean {
    return this.isAny;
  }

  /** Strong comparison for `If-Match`: a weak tag never matches. */
  matchesStrongly(tag: string | undefined): boolean {
    return this.isAny || (tag !== undefined && this.strong.has(tag));
  }

  /** Weak comparison for `If-None-Match`. */
  matchesWeakly(tag: string | undefined): boolean {
    return this.isAny || (tag !== undefined && (this.strong.has(tag) || this.weak.has(tag)));
  }
}
