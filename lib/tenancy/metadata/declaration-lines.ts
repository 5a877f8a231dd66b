import type { EntityRef } from '../context/entity-ref.js';
import type { EntityTenancy, ScopedOptions } from './entity-tenancy.js';

/** Place of a declaration: a decorator on a class, or the list of `MuckModule.forRoot({ entities })`. */
export type DeclarationSource = 'decorator' | 'forRoot';

/** Declaration and its place. */
export interface MadeDeclaration {
  /** Declared class or name: of an entity, a base class or a controller. */
  readonly key: EntityRef;
  readonly declaration: EntityTenancy;
  readonly by: DeclarationSource;
}

/**
 * Returns a text that is equal for two declarations that give the same rows to the same tenants. Reasons are not
 * compared.
 */
export function declarationText(declaration: EntityTenancy): string {
  const { kind } = declaration;
  if (kind === 'shared') return kind;
  const parts = Object.entries(declaration.options)
    .map(([name, value]) => [name, comparable(name as keyof ScopedOptions, value)] as const)
    .filter(([, value]) => value !== undefined && value !== '[]')
    .sort();
  return parts.length === 0 ? kind : `${kind} ${JSON.stringify(parts)}`;
}

function comparable(name: keyof ScopedOptions, value: unknown): string | undefined {
  if (Array.isArray(value)) return JSON.stringify([...(value as unknown[])].sort());
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // A column named like its scope key is the default. A reason does not affect rows.
  const entries = Object.entries(value).filter(([key, column]) => name !== 'columns' || key !== column);
  const parts: unknown[] = entries.map(([key, text]): unknown => (name === 'globallyUnique' ? key : [key, text]));
  return JSON.stringify(parts.sort());
}

/** Returns the source line of a declaration and its place. */
export function declarationLine({ key, declaration, by }: MadeDeclaration): string {
  const name = typeof key === 'string' ? `'${key}'` : key.name;
  if (by === 'decorator') return `${decoratorLine(declaration)} on ${name}`;
  const made =
    declaration.kind === 'shared'
      ? `shared(${name}, ${quoted(declaration.why)})`
      : scopedLine(name, declaration.options);
  return `${made} in forRoot({ entities })`;
}

function decoratorLine(declaration: EntityTenancy): string {
  if (declaration.kind === 'shared') return `@TenantShared(${quoted(declaration.why)})`;
  return scopedDecorator(declaration.options);
}

/** Returns the source text of `@TenantScoped()` with the given options. */
export function scopedDecorator(options: ScopedOptions): string {
  return `@TenantScoped(${optionsText(options)})`;
}

function scopedLine(name: string, options: ScopedOptions): string {
  const text = optionsText(options);
  return `scoped(${name}${text === '' ? '' : `, ${text}`})`;
}

function optionsText(options: ScopedOptions): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return given.length === 0 ? '' : literal(Object.fromEntries(given));
}

/** Formats an option value as TypeScript source. */
function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const properties = Object.entries(value).map(
    ([key, part]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key)}: ${literal(part)}`,
  );
  return `{ ${properties.join(', ')} }`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
