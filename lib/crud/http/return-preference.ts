import type { ExecutionContext } from '@nestjs/common';
import type { CrudRoute } from '../options/crud-routes.js';

/** Whether a client wants the written row in the response. */
export type ReturnPreference = 'minimal' | 'representation';

/** The routes that write rows and respond with them. */
export const RETURNING_ROUTES: readonly (CrudRoute | undefined)[] = [
  'create',
  'createMany',
  'replace',
  'update',
  'restore',
];

/** Separates preferences, but not within a quoted text. */
const PREFERENCES = /(?:"(?:[^"\\]|\\.)*"|[^,"])+/g;
const RETURN = /^\s*return\s*=\s*(?:"(minimal|representation)"|(minimal|representation))\s*(?:;|$)/i;

/**
 * Reads `Prefer: return=…` of a request that writes a row.
 *
 * @returns undefined without it, if it names both, or if the route returns no row
 * @see RFC 7240, section 4.2
 */
export function returnPreferenceOf(
  context: ExecutionContext,
  route: CrudRoute | undefined,
): ReturnPreference | undefined {
  if (!RETURNING_ROUTES.includes(route)) return undefined;
  const { headers } = context.switchToHttp().getRequest<{
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  }>();
  const given = headers['prefer'];
  if (given === undefined) return undefined;
  const named = (String(given).match(PREFERENCES) ?? [])
    .map((preference) => RETURN.exec(preference))
    .filter((match) => match !== null)
    .map(([, quoted, plain = quoted]) => plain.toLowerCase() as ReturnPreference);
  return new Set(named).size === 1 ? named[0] : undefined;
}
