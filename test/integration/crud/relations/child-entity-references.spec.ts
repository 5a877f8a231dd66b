import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, ReferenceUnknownError, TenantScoped, TenantScopeViolationError } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import type { ObjectLiteral, Relation } from 'typeorm';
import { clientOf } from '../../../support/client.js';
import { openCrudDesk, TestGuard } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
@TenantScoped()
class Medium {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
}
@ChildEntity()
class Photo extends Medium {
  @Column({ default: 'S' }) size!: string;
}
@ChildEntity()
class Video extends Medium {
  @ManyToOne(() => Photo, { nullable: true }) poster!: Relation<Photo> | null;
}
@Entity()
@TenantScoped()
class Story {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Photo, { nullable: true }) photo!: Relation<Photo> | null;
  @ManyToOne(() => Video, { nullable: true }) video!: Relation<Video> | null;
  @ManyToOne(() => Medium, { nullable: true }) any!: Relation<Medium> | null;
  @ManyToMany(() => Photo) @JoinTable() gallery!: Relation<Photo>[];
}

@Controller('videos')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Video, { filter: ['title', 'poster.size'], sort: ['poster.size', 'id'], include: ['poster'] })
class VideoController extends CrudController<Video> {}
@Controller('stories')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Story, {
  filter: ['photo.size', 'video.title', 'video.poster.size', 'gallery.size'],
  sort: ['photo.size', 'video.poster.size', 'id'],
  include: ['photo', 'video', 'video.poster', 'any', 'gallery'],
  links: ['gallery'],
})
class StoryController extends CrudController<Story> {}

describe.each(places)('references to child entities of one table on $adapter and $database', (place) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');
  const ids = { large: 0, small: 0, film: 0, foreign: 0 };
  const inAcme = <R>(fn: () => Promise<R>): Promise<R> => desk.tenancy.run({ organizationId: 1 }, fn);
  const repo = (entity: new () => ObjectLiteral) => desk.dataSource.getRepository(entity);

  beforeAll(async () => {
    desk = await openCrudDesk([VideoController, StoryController], {
      ...place,
      entities: [Medium, Photo, Video, Story],
    });
    await inAcme(async () => {
      ids.large = (await repo(Photo).save({ title: 'large', size: 'L' })).id;
      ids.small = (await repo(Photo).save({ title: 'small' })).id;
      ids.film = (await repo(Video).save({ title: 'film', poster: { id: ids.large } })).id;
      await repo(Video).save({ title: 'clip', poster: { id: ids.small } });
      await repo(Story).save({ photo: { id: ids.large }, video: { id: ids.film } });
    });
    await desk.tenancy.run({ organizationId: 2 }, async () => {
      ids.foreign = (await repo(Photo).save({ title: 'theirs' })).id;
    });
  });
  afterAll(() => desk?.close());

  it('are filtered, sorted and included by columns of the related child entity', async () => {
    const titles = async (query: string): Promise<string[]> =>
      ((await acme.get(`/videos?${query}`)).body.items as Video[]).map(({ title }) => title);
    expect(await titles('poster.size=L')).toEqual(['film']);
    expect(await titles('poster.size__ne=L')).toEqual(['clip']);
    expect(await titles('sort=poster.size')).toEqual(['film', 'clip']);
    expect(await titles('sort=-poster.size')).toEqual(['clip', 'film']);
    for (const query of ['photo.size=L', 'video.title=film', 'video.poster.size=L', 'photo.size=L&video.title=film']) {
      const { status, body } = await acme.get(
        `/stories?${query}&sort=photo.size,video.poster.size&include=photo,video.poster`,
      );
      expect([query, status, body.total]).toEqual([query, 200, 1]);
      expect(body.items).toMatchObject([
        { photo: { title: 'large' }, video: { title: 'film', poster: { size: 'L' } } },
      ]);
    }
    expect((await acme.get('/stories?photo.size=S')).body.total).toBe(0);
  });

  it('are taken for rows of the named type only, in bodies', async () => {
    const { large, film, small, foreign } = ids;
    const made = await acme.post('/stories', { photo: large, video: film, any: film });
    expect(made.status).toBe(201);
    for (const [body, property] of [
      [{ photo: large, video: small }, 'video'],
      [{ photo: film }, 'photo'],
      [{ photo: foreign }, 'photo'],
      [{ any: foreign }, 'any'],
      [{ video: foreign }, 'video'],
    ] as const) {
      for (const refused of [await acme.post('/stories', body), await acme.patch(`/stories/${made.body.id}`, body)]) {
        expect([refused.status, refused.body.message]).toEqual([
          400,
          [`${property} refers to a row that does not exist`],
        ]);
      }
    }
  });

  it('are taken for rows of the named type only, in every write in code', async () => {
    const { large, film } = ids;
    const wrong = { video: { id: large } };
    await inAcme(async () => {
      const story = await repo(Story).save({ photo: { id: large } });
      for (const write of [
        () => repo(Story).insert(wrong),
        () => repo(Story).save(wrong),
        () => repo(Story).update(story.id as number, wrong),
        () => repo(Story).save({ ...story, ...wrong }),
        () => repo(Story).createQueryBuilder().relation('video').of(story.id).set(large),
        () => repo(Story).createQueryBuilder().relation('gallery').of(story.id).add(film),
        () => repo(Story).save({ ...story, gallery: [{ id: film }] }),
      ]) {
        await expect(write()).rejects.toThrow(ReferenceUnknownError);
      }
      await repo(Story).createQueryBuilder().relation('gallery').of(story.id).add(large);
      expect((await acme.get(`/stories?gallery.size=L`)).body.total).toBe(1);
      expect((await acme.put(`/stories/${story.id}/gallery/${film}`, {})).status).toBe(404);
    });
  });

  it('of another type and tenant are refused in an unscoped section', async () => {
    const write = desk.tenancy.unscoped('seeds', () =>
      repo(Story).insert({ organizationId: 1, video: { id: ids.foreign } }),
    );
    await expect(write).rejects.toThrow(TenantScopeViolationError);
  });

  it('are read by sub-queries over child entities in code', async () => {
    await inAcme(async () => {
      const videos = repo(Video).createQueryBuilder('video');
      const large = videos.subQuery().select('photo.id').from(Photo, 'photo').where('photo.size = :size').getQuery();
      expect(await videos.where(`video.poster IN ${large}`, { size: 'L' }).getCount()).toBe(1);
      const photos = repo(Photo).createQueryBuilder('photo').select('photo.id').where({ size: 'L' });
      const stories = repo(Story).createQueryBuilder('story').setParameters(photos.getParameters());
      expect(await stories.where(`story.photo IN (${photos.getQuery()})`).getCount()).toBeGreaterThan(0);
    });
  });
});
