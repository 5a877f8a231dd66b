import { Exclude } from 'class-transformer';
import { getMetadataStorage, IsDefined } from 'class-validator';
import { validatedProperties } from '../body/class-validator-rules.js';
import { exposedProperties } from '../model/response-exposure.js';

/**
 * Checks that the metadata stores that this library reads are those that the decorators write to. A bundler may load
 * decorators and store from different builds of a package. Or the bundle contains a copy of the package, while this
 * external library loads its own: `@Exclude()` would hide no property.
 *
 * @param types entities and DTOs of the application
 * @returns one text per package; empty if the stores match
 */
export function decoratorStoreProblems(types: Iterable<Function>): string[] {
  class Probe {
    declare readonly property: string;
  }
  Exclude()(Probe.prototype, 'property');
  IsDefined()(Probe.prototype, 'property');
  const problems: string[] = [];
  if (exposedProperties(Probe, ['property']).has('property')) {
    problems.push(
      `class-transformer is loaded in two builds: @Exclude() and @Expose() would be ignored. ${cure('class-transformer')}`,
    );
  }
  if (!validatedProperties(Probe).has('property')) {
    problems.push(
      `class-validator is loaded in two builds: the rules of bodies would be ignored. ${cure('class-validator')}`,
    );
  }
  // Copies of class-validator share a store, but copies of class-transformer do not. An application with two copies of
  // class-validator also has two of class-transformer.
  const [own] = makersOf(Probe);
  const foreign = [...types].find((type) => makersOf(type).some((maker) => maker !== own));
  if (own !== undefined && foreign !== undefined) {
    problems.push(
      `the rules of ${foreign.name} are stored in another copy of class-validator than nestjs-muck loads. class-transformer ` +
        `would have two copies as well, and @Exclude() would hide nothing. ${cure('class-transformer', 'class-validator')}`,
    );
  }
  return problems;
}

/** Returns the metadata classes of a class's rules, which are different in each copy of class-validator. */
function makersOf(type: Function): Function[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return rules.map((rule) => rule.constructor);
}

function cure(...names: string[]): string {
  const external = ['nestjs-muck', ...names].map((name) => `'${name}'`).join(', ');
  return (
    `Bundle all of ${external} with mainFields: ['main', 'module'], or none of them: external: [${external}]. ` +
    'Without a bundle install one version: npm dedupe'
  );
}
