import { createHash } from 'node:crypto';
import { currentScope } from '../../tenancy/context/tenant-context.js';
import type { Resource } from '../resource/resource.js';

/** `"` characters that may stand in a tag `"`, as RFC 9110 has it. */
const TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g;

/**
 * The entity tag of a stored row: a strong one, which changes with its version. It is opaque, and another tenant's tag of
 * the same id and version is another one. Nothing rests on that: whose a row is has been asked before.
 *
 * @returns undefined for an entity without a `@VersionColumn`, or where it was not read
 * @see RFC 9110, section 8.8.3
 */
export function computeEtag(resource: Resource, row: object): string | undefined {
  const version = resource.metadata.versionColumn?.getEntityValue(row) as number | string | null | undefined;
  if (version === undefined || version === null) return undefined;
  const tenant = Object.entries(currentScope() ?? {}).map(([key, value]) => [key, typeof value, String(value)]);
  const text = JSON.stringify([resource.name, tenant, resource.key.toPathSegment(row), String(version)]);
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** The tags that a conditional header lists, or `*` for any. */
export class EtagList {
  private readonly isAny: boolean;
  private readonly strong = new Set<string>();
  private readonly weak = new Set<string>();

  /** @param header what is no tag in it matches nothing */
  constructor(header: string) {
    this.isAny = header.trim() === '*';
    for (const [, weakness, tag] of header.matchAll(TAG)) {
      (weakness === undefined ? this.strong : this.weak).add(`"${tag}"`);
    }
  }

  /** Whether it is `*`: any row that is there. */
  get any(): boolean {
    return this.isAny;
  }

  /** For `If-Match`: a weak tag matches nothing. */
  matchesStrongly(tag: string | undefined): boolean {
    return this.isAny || (tag !== undefined && this.strong.has(tag));
  }

  /** For `If-None-Match`. */
  matchesWeakly(tag: string | undefined): boolean {
    return this.isAny || (tag !== undefined && (this.strong.has(tag) || this.weak.has(tag)));
  }
}
