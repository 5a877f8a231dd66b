import { Exclude } from 'class-transformer';
import { getMetadataStorage, IsDefined } from 'class-validator';
import { validatedProperties } from '../body/class-validator-rules.js';
import { exposedProperties } from '../model/dto-exposure.js';

/**
 * Checks that the stores that are read for decorators are those that the decorators write to. A bundler may take the
 * decorators from one build of a package and its store from another, or have a copy of the package in the bundle while
 * this library, outside of it, loads its own: then `@Exclude()` would hide nothing.
 *
 * @param types entities and DTOs of the application
 * @returns what is wrong, one text for each package; empty when the stores are the right ones
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
  // class-validator's copies share a store, class-transformer's do not. One tells of the other: who has two copies of
  // the first has two of the second.
  const [own] = makersOf(Probe);
  const foreign = [...types].find((type) => makersOf(type).some((maker) => maker !== own));
  if (own !== undefined && foreign !== undefined) {
    problems.push(
      `the rules of ${foreign.name} are of another copy of class-validator than nestjs-muck loads. Of class-transformer ` +
        `there would be two as well, and @Exclude() would hide nothing. ${cure('class-transformer', 'class-validator')}`,
    );
  }
  return problems;
}

/** The classes that a class's rules are instances of: each copy of class-validator has its own. */
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
