import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MuckModule, Tenancy, tenantFromUser, TenantScoped, TenantShared } from 'nestjs-muck';
import { DataSource, Entity, JoinTable, ManyToMany, PrimaryGeneratedColumn, Column } from 'typeorm';
import type { Relation } from 'typeorm';
import { createApplication } from '../../support/adapters.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';

/** Entities with a tenant column of their own. */
abstract class Own {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

/** Two classes that link each other through one table, both of which say so. */
function bothSides(table: { readonly name: string; readonly schema?: string }): [Type<Own>, Type<Own>] {
  @Entity({ name: `${table.name}_role`, schema: table.schema })
  @TenantScoped()
  class Role extends Own {
    @ManyToMany(() => Person, (person) => person.roles)
    @JoinTable({ ...table, joinColumn: { name: 'roleId' }, inverseJoinColumn: { name: 'personId' } })
    people!: Relation<Person>[];
  }
  @Entity({ name: `${table.name}_person`, schema: table.schema })
  @TenantScoped()
  class Person extends Own {
    @ManyToMany(() => Role, (role) => role.people)
    @JoinTable({ ...table, joinColumn: { name: 'personId' }, inverseJoinColumn: { name: 'roleId' } })
    roles!: Relation<Role>[];
  }
  return [Role, Person];
}

describe.each(databasesToTest())('join tables of one name, on %s', (kind) => {
  /** @returns what stops the start; undefined if it goes well */
  const start = async (
    entities: Type[],
    use?: (dataSource: DataSource, tenancy: Tenancy) => Promise<void>,
    schemas: string[] = [],
  ): Promise<string | undefined> => {
    const database = await createDatabase(kind);
    try {
      const app = await createApplication({
        module: class JoinTablesModule {},
        imports: [
          TypeOrmModule.forRoot({ ...database.options, entities, retryAttempts: 0 }),
          MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
        ],
      });
      try {
        const [dataSource, tenancy] = [app.get(DataSource), app.get(Tenancy)];
        await tenancy.unscoped('a test', async () => {
          for (const schema of schemas) await dataSource.query(`CREATE SCHEMA "${schema}"`);
          if (use !== undefined) await dataSource.synchronize();
        });
        await use?.(dataSource, tenancy);
      } finally {
        await app.close();
      }
      return undefined;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await database.drop();
    }
  };

  const linksOf =
    (one: Type<Own>, relation: string, other: Type<Own>, back: string) =>
    async (dataSource: DataSource, tenancy: Tenancy): Promise<void> => {
      const inScope = <R>(organizationId: number, work: () => Promise<R>) => tenancy.run({ organizationId }, work);
      const make = (organizationId: number) =>
        inScope(organizationId, async () => {
          const { id } = await dataSource.getRepository(other).save({});
          await dataSource.getRepository(one).save({ [relation]: [{ id }] });
          return id;
        });
      const [first, second] = [await make(1), await make(2)];
      const read = (organizationId: number) =>
        inScope(organizationId, () => dataSource.getRepository(other).find({ relations: { [back]: true } }));
      expect(await read(1)).toMatchObject([{ id: first, [back]: [{ organizationId: 1 }] }]);
      expect(await read(2)).toMatchObject([{ id: second, [back]: [{ organizationId: 2 }] }]);
    };

  it('both sides of a relation may name one table', async () => {
    const [Role, Person] = bothSides({ name: 'links' });
    expect(await start([Role, Person])).toBeUndefined();
  });

  it('both sides may leave its name to TypeORM', async () => {
    @Entity()
    @TenantScoped()
    class Role extends Own {
      @ManyToMany(() => Person, (person) => person.roles) @JoinTable() people!: Relation<Person>[];
    }
    @Entity()
    @TenantScoped()
    class Person extends Own {
      @ManyToMany(() => Role, (role) => role.people) @JoinTable() roles!: Relation<Role>[];
    }
    expect(await start([Role, Person])).toBeUndefined();
  });

  it('two relations to different entities may name one table, and the start passes or names the entities', async () => {
    @Entity()
    @TenantScoped()
    class Label extends Own {}
    @Entity()
    @TenantShared('the same for all')
    class Colour {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Entity()
    @TenantScoped()
    class Card extends Own {
      @ManyToMany(() => Label) @JoinTable({ name: 'card_links' }) labels!: Relation<Label>[];
      @ManyToMany(() => Colour) @JoinTable({ name: 'card_links' }) colours!: Relation<Colour>[];
    }
    const message = await start([Label, Colour, Card]);
    if (message !== undefined) expect(message).toMatch(/card_links/);
    expect(message ?? '').not.toContain('This release of TypeORM is not supported');
  });

  // The other databases have no schemas.
  const schemas = kind.startsWith('postgres') ? [['left', 'right'] as const, ['left', 'left'] as const] : [];
  for (const [one, other] of schemas) {
    it(`schemas may have join tables of one name: ${one} and ${other}`, async () => {
      @Entity({ name: 'label', schema: one })
      @TenantScoped()
      class Label extends Own {
        @ManyToMany(() => Card, (card) => card.labels) cards!: Relation<Card>[];
      }
      @Entity({ name: 'card', schema: one })
      @TenantScoped()
      class Card extends Own {
        @ManyToMany(() => Label, (label) => label.cards)
        @JoinTable({ name: 'links', schema: one })
        labels!: Relation<Label>[];
      }
      @Entity({ name: 'tag', schema: other })
      @TenantScoped()
      class Tag extends Own {
        @ManyToMany(() => Note, (note) => note.tags) notes!: Relation<Note>[];
      }
      @Entity({ name: 'note', schema: other })
      @TenantScoped()
      class Note extends Own {
        @ManyToMany(() => Tag, (tag) => tag.notes)
        @JoinTable({ name: one === other ? 'other_links' : 'links', schema: other })
        tags!: Relation<Tag>[];
      }
      const message = await start(
        [Label, Card, Tag, Note],
        async (dataSource, tenancy) => {
          const [first, second] = [linksOf(Card, 'labels', Label, 'cards'), linksOf(Note, 'tags', Tag, 'notes')];
          if (one === other) {
            await first(dataSource, tenancy);
            await second(dataSource, tenancy);
            return;
          }
          // TypeORM tells the tables of links by their names alone when it writes into them, and takes one for the other.
          await expect(first(dataSource, tenancy)).rejects.toThrow('links gets its tenant from its parent');
          const read = await tenancy.run({ organizationId: 1 }, () =>
            dataSource.getRepository(Label).find({ relations: { cards: true } }),
          );
          expect(read).toMatchObject([{ cards: [] }]);
        },
        [...new Set([one, other])],
      );
      expect(message).toBeUndefined();
    });
  }
});
