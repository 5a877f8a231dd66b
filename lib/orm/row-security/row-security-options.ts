import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';

/** Row-level security of PostgreSQL as the second enforcement layer. */
export interface RowLevelSecurityOptions {
  /**
   * Role that unscoped code uses, e.g. that of `tenancy.unscoped()` and `@CrossTenant()`. The connecting role must be a
   * member without inheriting its privileges: `GRANT app_unscoped TO app WITH INHERIT FALSE, SET TRUE`.
   */
  readonly unscopedRole: string;
}

let declared: RowLevelSecurityOptions | undefined;

/**
 * Declares the row-level security of this process. `MuckModule.forRoot` calls it.
 *
 * @throws MuckConfigurationError if the role is missing, or another one was declared before
 */
export function declareRowLevelSecurity(options: RowLevelSecurityOptions): void {
  const { unscopedRole } = options;
  if (typeof unscopedRole !== 'string' || unscopedRole === '' || unscopedRole === 'none')
    throw new MuckConfigurationError([
      "rowLevelSecurity needs the role of unscoped code: rowLevelSecurity: { unscopedRole: 'app_unscoped' }",
    ]);
  if (declared !== undefined && declared.unscopedRole !== unscopedRole)
    throw new MuckConfigurationError([
      `a process has one role for unscoped code: first '${declared.unscopedRole}', now '${unscopedRole}'`,
    ]);
  declared = options;
}

/** Returns the row-level security of this process; undefined if it is off. */
export function getRowLevelSecurity(): RowLevelSecurityOptions | undefined {
  return declared;
}
