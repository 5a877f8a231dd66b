import { describe, expect, it } from '@jest/globals';
import { MuckConfigurationError, TenantScoped, TenantShared } from 'nestjs-muck';
import { Entity, PrimaryGeneratedColumn } from 'typeorm';
import { CompiledDeclarations } from '../../../../lib/orm/policy/compiled-declarations.js';
import { unconnected } from '../../../support/unconnected.js';

/** Keeps the declaration of an entity before and after each of some decorators is put on it. */
async function keepThrough(...decorators: readonly ClassDecorator[]): Promise<void> {
  @Entity()
  class Ticket {
    @PrimaryGeneratedColumn() id!: number;
  }
  @Entity()
  @TenantScoped({ via: 'other' })
  class Note {
    @PrimaryGeneratedColumn() id!: number;
  }
  const dataSource = await unconnected('sqljs', [Ticket, Note]);
  const compiled = new CompiledDeclarations();
  compiled.keep(dataSource.getMetadata(Note));
  const [first, ...others] = decorators;
  first(Ticket);
  compiled.keep(dataSource.getMetadata(Ticket));
  for (const decorator of others) {
    decorator(Ticket);
    compiled.keep(dataSource.getMetadata(Ticket));
  }
}

const undeclared: ClassDecorator = () => undefined;

describe('an entity that queries were made on', () => {
  it.each<[string, ...ClassDecorator[]]>([
    ['the same', TenantScoped({ via: 'parent' }), TenantScoped({ via: 'parent' })],
    ['for another reason', TenantShared('one reason'), TenantShared('another one')],
    ['not at all', undeclared, undeclared],
  ])('may be declared again, %s', async (...[, ...decorators]) => {
    await expect(keepThrough(...decorators)).resolves.toBeUndefined();
  });

  it.each<[string, string, ...ClassDecorator[]]>([
    ['is declared late', "from '' to 'scoped'", undeclared, TenantScoped()],
    ['is declared as another one', "from 'scoped' to ''", TenantScoped(), TenantShared('a test')],
  ])('and %s stops', async (...[, change, ...decorators]) => {
    const kept = keepThrough(...decorators);
    await expect(kept).rejects.toThrow(MuckConfigurationError);
    await expect(kept).rejects.toThrow(`the declaration of Ticket changed after its first query: ${change}.`);
  });
});
