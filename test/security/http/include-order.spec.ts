import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';
import { places } from '../../support/places.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';

@Entity()
@TenantScoped()
class Album {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @OneToMany(() => Photo, ({ album }) => album) photos!: Relation<Photo>[];
  @OneToMany(() => Photo, ({ cover }) => cover) covers!: Relation<Photo>[];
}
@Entity()
@TenantScoped()
class Photo {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Album, ({ photos }) => photos) album!: Relation<Album> | null;
  @ManyToOne(() => Album, ({ covers }) => covers) cover!: Relation<Album> | null;
}

@Controller('albums')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Album, { include: ['photos', 'covers'] })
class AlbumsController extends CrudController<Album> {}

describe.each(places)('G-08 the order of included relations, on $adapter and $database', (place) => {
  const worlds: ScopedApplication[] = [];
  beforeAll(async () => {
    for (let i = 0; i < 2; i += 1) {
      const parts = { ...place, entities: [Album, Photo], controllers: [AlbumsController] };
      worlds.push(await openScopedApplication(parts));
      for (const organizationId of [1, 2])
        await worlds[i].tenancy.run({ organizationId }, () => worlds[i].dataSource.manager.save(Album, {}));
    }
  });
  afterAll(() => Promise.all(worlds.map((world) => world.close())));

  it('does not show in which order another tenant has asked for them', async () => {
    const ask = async (world: ScopedApplication, user: '1' | '2', include: string): Promise<string> => {
      const { text } = await world.transport.send({ url: `/albums?include=${include}`, headers: { 'x-user': user } });
      return text;
    };
    const [first, second] = worlds;
    await ask(first, '2', 'photos,covers');
    await ask(second, '2', 'covers,photos');
    expect(await ask(first, '1', 'photos,covers')).toBe(await ask(second, '1', 'photos,covers'));
  });
});
