/** The tenant that a request is for. Every contestant trusts this header, so that none of them pays for a session. */
export function organizationOf(request: { headers: Record<string, unknown> }): number {
  return Number(request.headers['x-organization']);
}
