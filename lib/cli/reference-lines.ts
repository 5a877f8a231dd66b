import type { ReferenceProposal } from '../rls/reference-proposals.js';

/** Returns lines for a terminal about references that row-level security does not guard. */
export function referenceLines(proposals: readonly ReferenceProposal[]): string[] {
  if (proposals.length === 0) return [];
  return [
    'PostgreSQL checks foreign keys past every policy. These references are guarded by the query builders alone:',
    ...proposals.flatMap(({ entity, property, target, decorators }) => [
      `  ${entity}.${property} → ${target}` +
        (decorators.length === 0
          ? ': no foreign key can include the tenant, because one side has no tenant of its own'
          : ''),
      ...decorators.map((decorator) => `    ${decorator.entity}: ${decorator.line}`),
    ]),
    '',
  ];
}
