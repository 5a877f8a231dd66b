import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Post, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  OneToOne,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';
import { places } from '../../support/places.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';
import type { Message } from '../../support/transport.js';

@Entity()
@TenantScoped()
class Tag {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: 'new' }) name!: string;
  @ManyToMany(() => Tag) @JoinTable() others!: Relation<Tag>[];
  @DeleteDateColumn() deletedAt!: Date | null;
}

@Entity()
@TenantScoped()
class Label {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: 'new' }) name!: string;
  @OneToOne(() => Tag, { nullable: false }) @JoinColumn() tag!: Relation<Tag>;
}

@Controller('tags')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Tag, { also: ['createMany', 'restore'], links: ['others'] })
class TagsController extends CrudController<Tag> {
  /** The application's own route: what it takes is its own business. */
  @Post('import')
  import(@Body() body: unknown): object {
    return { body };
  }
}

@Controller('tags/:tagId/label')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Label, { parent: { relation: 'tag' }, oneToOne: true })
class LabelController extends CrudController<Label> {}

const FORM = 'application/x-www-form-urlencoded';
const REFUSED: readonly (readonly [type: string | undefined, body: string])[] = [
  [FORM, 'name=x'],
  [`${FORM}; charset=utf-8`, 'name=x'],
  ['text/plain', '{"name":"x"}'],
  ['text/plain; application/json', '{"name":"x"}'],
  ['TEXT/PLAIN', '{"name":"x"}'],
  ['multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nx\r\n--x--\r\n'],
  ['application/xml', '<name>x</name>'],
  ['application/vnd.api+json', '{"name":"x"}'],
  [undefined, '{"name":"x"}'],
];

describe.each(places)('media types of bodies, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  let id: number;
  beforeAll(async () => {
    world = await openScopedApplication({
      ...place,
      entities: [Tag, Label],
      controllers: [TagsController, LabelController],
    });
    await send({ method: 'POST', url: '/tags', body: '{"name":"kept"}' }, 'application/json');
    id = (await rows())[0].id;
  });
  afterAll(() => world?.close());

  const send = (message: Message, type: string | undefined) =>
    world.transport.send({
      ...message,
      headers: { 'x-user': '1', ...(type !== undefined && { 'content-type': type }) },
    });
  const rows = () =>
    world.tenancy.run({ organizationId: 1 }, () => world.dataSource.getRepository(Tag).find({ order: { id: 1 } }));

  const routes = (): readonly (readonly [Message['method'], string])[] => [
    ['POST', '/tags'],
    ['POST', '/tags/bulk'],
    ['PUT', `/tags/${id}`],
    ['PATCH', `/tags/${id}`],
    ['DELETE', `/tags/${id}`],
    ['POST', `/tags/${id}/restore`],
    ['PUT', `/tags/${id}/others/${id}`],
    ['DELETE', `/tags/${id}/others/${id}`],
    ['POST', `/tags/${id}/label`],
    ['PUT', `/tags/${id}/label`],
    ['PATCH', `/tags/${id}/label`],
  ];

  it.each(REFUSED)(
    'every route that writes answers a body of type %s with 415, and changes nothing',
    async (type, body) => {
      const before = await rows();
      for (const [method, url] of routes()) {
        const answer = await send({ method: method!, url, body }, type);
        expect([method, url, answer.status]).toEqual([method, url, 415]);
      }
      expect(await rows()).toEqual(before);
    },
  );

  it.each(['POST', 'PUT'] as const)('a merge patch is a body of no %s', async (method) => {
    const url = method === 'POST' ? '/tags' : `/tags/${id}`;
    expect((await send({ method, url, body: '{"name":"x"}' }, 'application/merge-patch+json')).status).toBe(415);
  });

  it.each(['application/json', 'APPLICATION/JSON; charset=utf-8', 'application/json;charset=UTF-8'])(
    'a body of type %s is taken',
    async (type) => {
      const answer = await send({ method: 'PATCH', url: `/tags/${id}`, body: '{"name":"json"}' }, type);
      expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"name":"json"')]);
    },
  );

  it.each(['application/merge-patch+json', 'application/merge-patch+json; charset=utf-8'])(
    'PATCH takes a body of type %s',
    async (type) => {
      const answer = await send({ method: 'PATCH', url: `/tags/${id}`, body: '{"name":"merged"}' }, type);
      expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"name":"merged"')]);
    },
  );

  // Fastify itself refuses an empty body that says to be JSON.
  const bodiless = place.adapter === 'fastify' ? [undefined, FORM] : [undefined, FORM, 'application/json'];
  it.each(bodiless)('a request without a body may have the type %s', async (type) => {
    expect((await send({ method: 'PUT', url: `/tags/${id}/others/${id}` }, type)).status).toBe(204);
    expect((await send({ method: 'DELETE', url: `/tags/${id}/others/${id}` }, type)).status).toBe(204);
    expect((await send({ method: 'DELETE', url: `/tags/${id}` }, type)).status).toBe(204);
    expect((await send({ method: 'POST', url: `/tags/${id}/restore` }, type)).status).toBe(200);
  });

  it("a form is taken by a route of the controller's own", async () => {
    const answer = await send({ method: 'POST', url: '/tags/import', body: 'name=x' }, FORM);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([201, { body: { name: 'x' } }]);
  });
});
