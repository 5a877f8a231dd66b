import type { EntityMetadata } from 'typeorm';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { declarationText } from '../../tenancy/metadata/declaration-lines.js';
import { tenancyOfEntity } from './policy-compiler.js';

/**
 * The declarations that policies were compiled from. A later declaration must not change them, because SQL has been
 * built from the compiled policies.
 */
export class CompiledDeclarations {
  private readonly texts = new Map<EntityMetadata, string>();

  /**
   * Stores an entity's declaration.
   *
   * @throws MuckConfigurationError if it differs from the one stored before
   */
  keep(metadata: EntityMetadata): void {
    const declaration = tenancyOfEntity(metadata);
    const text = declaration === undefined || declaration.kind === 'contradictory' ? '' : declarationText(declaration);
    const before = this.texts.get(metadata) ?? text;
    if (before !== text) {
      throw new MuckConfigurationError([
        `the declaration of ${metadata.name} changed after its first query: from '${before}' to '${text}'. Load its declarations before the first query.`,
      ]);
    }
    this.texts.set(metadata, text);
  }
}
