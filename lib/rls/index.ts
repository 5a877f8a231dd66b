export { declareRowLevelSecurity } from '../orm/row-security/row-security-options.js';
export type { RowLevelSecurityOptions } from '../orm/row-security/row-security-options.js';
export { applyRowSecurity, checkRowSecurity } from './check-row-security.js';
export type { TableDifference } from './compare-security.js';
export { proposeReferences } from './reference-proposals.js';
export type { ReferenceProposal } from './reference-proposals.js';
