import { VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import type { VersioningOptions } from '@nestjs/common';

/** A version of `@Version()` or `@Controller({ version })`. */
export type RouteVersion = string | typeof VERSION_NEUTRAL | readonly (string | typeof VERSION_NEUTRAL)[];

interface VersionedRequest {
  /** Node's request, which Fastify passes to the extractor of versions. */
  readonly raw?: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Returns whether a route serves the version that a request asks for. A version in the URI belongs to the path instead.
 *
 * @param version of the route; undefined for a route without one
 * @param versioning undefined if the application has no versions
 */
export function servesVersion(
  version: RouteVersion | undefined,
  request: VersionedRequest,
  versioning: VersioningOptions | undefined,
): boolean {
  if (version === undefined || versioning === undefined || versioning.type === VersioningType.URI) return true;
  const versions = [version].flat();
  const requested = requestedVersions(request, versioning);
  return versions.includes(VERSION_NEUTRAL) || requested.some((one) => versions.includes(one));
}

function requestedVersions(request: VersionedRequest, versioning: VersioningOptions): readonly string[] {
  switch (versioning.type) {
    case VersioningType.HEADER:
      return [request.headers[versioning.header.toLowerCase()] ?? []].flat();
    case VersioningType.MEDIA_TYPE:
      return [request.headers['accept'] ?? []]
        .flat()
        .flatMap((ranges) => ranges.split(/[,;]/))
        .map((parameter) => parameter.trim())
        .filter((parameter) => parameter.startsWith(versioning.key))
        .map((parameter) => parameter.slice(versioning.key.length).replace(/^"(.*)"$/, '$1'));
    case VersioningType.CUSTOM:
      return [versioning.extractor(request.raw ?? request)].flat();
    case VersioningType.URI:
      return [];
  }
}
