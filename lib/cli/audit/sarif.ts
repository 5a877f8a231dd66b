import { RULES } from './audit-report.js';
import type { AuditFinding } from './audit-report.js';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/**
 * Returns findings as a SARIF 2.1.0 log, which code scanning services read.
 *
 * @param findings the findings
 * @param added those that a baseline does not accept; undefined without a baseline
 */
export function toSarif(findings: readonly AuditFinding[], added: readonly AuditFinding[] | undefined): object {
  const rules = Object.entries(RULES);
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'nestjs-muck audit',
            rules: rules.map(([id, { text, level }]) => ({
              id,
              shortDescription: { text },
              defaultConfiguration: { level },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => {
          const { rule, text, place, subject } = finding;
          const isNew = added?.includes(finding);
          return {
            ruleId: rule,
            ruleIndex: rules.findIndex(([id]) => id === rule),
            level: isNew ? 'error' : RULES[rule].level,
            message: { text },
            ...(added !== undefined && { baselineState: isNew ? 'new' : 'unchanged' }),
            locations: [
              {
                ...(place !== undefined && {
                  physicalLocation: {
                    artifactLocation: { uri: encodeURI(place.file) },
                    region: { startLine: place.line },
                  },
                }),
                ...(subject !== undefined && { logicalLocations: [{ fullyQualifiedName: subject }] }),
              },
            ],
          };
        }),
      },
    ],
  };
}
