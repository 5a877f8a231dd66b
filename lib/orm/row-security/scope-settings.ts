import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';

/** PostgreSQL requires a prefix for settings that no extension defines. */
const PREFIX = 'muck.';

/**
 * Returns the PostgreSQL setting that carries a scope key's value. Row-level security policies read it.
 *
 * @example
 * settingOf('organizationId'); // 'muck.organizationId'
 */
export function settingOf(key: string): string {
  // A setting's name is an identifier, so other characters are written as their code.
  return PREFIX + key.replaceAll(/\W/g, (character) => `$${character.codePointAt(0)!.toString(16)}`);
}

/**
 * Returns the settings of all scope keys, in the order of their declaration.
 *
 * @throws MuckConfigurationError if two keys have one setting: PostgreSQL ignores the case of its name
 */
export function scopeSettings(): readonly { readonly key: string; readonly setting: string }[] {
  const settings = Object.keys(getScopeDeclaration()).map((key) => ({ key, setting: settingOf(key) }));
  const names = settings.map(({ setting }) => setting.toLowerCase());
  const double = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (double !== -1)
    throw new MuckConfigurationError([
      `the scope keys ${settings
        .filter((_, i) => names[i] === names[double])
        .map(({ key }) => `'${key}'`)
        .join(' and ')} differ by case only, and row-level security cannot tell them apart. Rename one`,
    ]);
  return settings;
}
