import { describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import { Column, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { DataSourceOptions, EntityMetadata, Relation } from 'typeorm';
import { Cascades } from '../../../lib/orm/policy/cascade-analysis.js';
import { compilePolicy } from '../../../lib/orm/policy/policy-compiler.js';
import type { TenantPolicy } from '../../../lib/orm/policy/tenant-policy.js';
import { unconnected } from '../../support/unconnected.js';

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
class Folder {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Folder, { onDelete: 'CASCADE' }) parent!: Relation<Folder>;
}

@Entity()
@TenantScoped()
class Sheet {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Folder, { onDelete: 'CASCADE' }) folder!: Relation<Folder>;
  @ManyToOne(() => Sheet, { onDelete: 'SET NULL' }) copyOf!: Relation<Sheet>;
}

@Entity()
class Stamp {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Sheet, { onDelete: 'CASCADE', nullable: false }) sheet!: Relation<Sheet>;
}

describe('Cascades', () => {
  const tenancy = new Tenancy();
  const open = async (entities: NonNullable<DataSourceOptions['entities']>) => {
    const dataSource = await unconnected('postgres', entities);
    let asked = 0;
    const lookup = (metadata: EntityMetadata): TenantPolicy => {
      asked += 1;
      return compilePolicy(metadata, lookup);
    };
    const cascades = new Cascades(dataSource, lookup);
    const ofDelete = () => tenancy.run({ organizationId: 1 }, () => cascades.ofDelete(dataSource.getMetadata(Folder)));
    return { ofDelete, asked: () => asked };
  };

  it('follows the foreign keys of a table once, however many deletions ask', async () => {
    const { ofDelete, asked } = await open([Folder, Sheet]);
    expect(ofDelete()).toBeUndefined();
    const before = asked();
    expect(before).toBeGreaterThan(0);
    expect(ofDelete()).toBeUndefined();
    expect(asked()).toBe(before);
  });

  it('follows them again while an entity that a cascade reaches is undeclared', async () => {
    const { ofDelete } = await open([Folder, Sheet, Stamp]);
    expect(ofDelete()?.entity.name).toBe('Stamp');
    TenantScoped({ via: 'sheet' })(Stamp);
    expect(ofDelete()).toBeUndefined();
  });
});
