import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';

/**
 * Returns a provider of `MuckModule.forRoot`.
 *
 * @throws MuckConfigurationError with the line to type if the application does not import it
 */
export function requireForRoot<T>(provided: T | undefined): T {
  if (provided !== undefined) return provided;
  throw new MuckConfigurationError([
    'MuckModule.forRoot is missing. Add it to the imports of the root module: ' +
      "MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') })",
  ]);
}
