import type { EntityMetadata } from 'typeorm';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { declarationText } from '../../tenancy/metadata/declaration-lines.js';
import { tenancyOfEntity } from './policy-compiler.js';

/** What policies were compiled from. A later declaration may not change it: statements have been made by then. */
export class CompiledDeclarations {
  private readonly texts = new Map<EntityMetadata, string>();

  /** @throws MuckConfigurationError if an entity's declaration is another one than when it was kept before */
  keep(metadata: EntityMetadata): void {
    const declaration = tenancyOfEntity(metadata);
    const text = declaration === undefined || declaration.kind === 'contradictory' ? '' : declarationText(declaration);
    const before = this.texts.get(metadata) ?? text;
    if (before !== text) {
      throw new MuckConfigurationError([
        `${metadata.name} was declared anew after queries on it: it was '${before}' and now is '${text}'. Load its declarations before the first query.`,
      ]);
    }
    this.texts.set(metadata, text);
  }
}
