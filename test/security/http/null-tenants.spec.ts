import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { IsArray, IsInt, IsOptional, IsString } from 'class-validator';
import { CrossTenant, Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { createResourceDocument } from 'nestjs-muck/openapi';
import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  VersionColumn,
} from 'typeorm';
import { adaptersToTest } from '../../support/adapters.js';
import { databasesToTest } from '../../support/databases.js';
import { startAfresh } from '../../support/empty-tables.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';
import type { Answer, Message } from '../../support/transport.js';

/*
 * Rows without a tenant over HTTP: every tenant reads and names them, and none of them changes them.
 */

@Entity()
@TenantScoped({ nullMeans: 'shared' })
@Unique(['organizationId', 'code'])
class Status {
  @PrimaryGeneratedColumn() id!: number;
  // A class that begins without a tenant.
  @Column({ type: Number, nullable: true }) organizationId: number | null = null;
  @Column() code!: string;
  @Column({ default: '' }) color!: string;
  @VersionColumn() version!: number;
  @DeleteDateColumn() deletedAt!: Date | null;
  @OneToMany(() => Rule, (rule) => rule.status) rules!: Relation<Rule[]>;
  @ManyToMany(() => Label) @JoinTable({ name: 'status_label' }) labels!: Relation<Label[]>;
}

@Entity()
@TenantScoped({ via: 'status' })
class Rule {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @Column() statusId!: number;
  @ManyToOne(() => Status, (status) => status.rules, { nullable: false }) status!: Relation<Status>;
}

@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Label {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() name!: string;
}

@Entity()
@TenantScoped()
class Task {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @Column({ type: Number, nullable: true }) statusId!: number | null;
  @ManyToOne(() => Status) status!: Relation<Status> | null;
  @ManyToMany(() => Label) @JoinTable({ name: 'task_label' }) labels!: Relation<Label[]>;
}

class StatusBody {
  @IsString() code!: string;
  @IsOptional() @IsString() color?: string;
  @IsOptional() @IsArray() labels?: number[];
}

class TaskBody {
  @IsString() title!: string;
  @IsOptional() @IsInt() statusId?: number;
  @IsOptional() @IsArray() labels?: number[];
}

@Injectable()
class UserGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: unknown }>();
    request.user = { organizationId: Number(request.headers['x-user']) };
    return true;
  }
}

@Controller('statuses')
@Crud(Status, {
  also: ['createMany', 'restore'],
  links: ['labels'],
  include: ['rules', 'labels'],
  deleted: true,
  dto: { create: StatusBody },
})
@TenantScoped()
@UseGuards(UserGuard)
class StatusesController extends CrudController<Status> {}

@Controller('statuses/:statusId/rules')
@Crud(Rule, { parent: { relation: 'status' } })
@TenantScoped()
@UseGuards(UserGuard)
class RulesController extends CrudController<Rule> {}

@Controller('statuses/:statusId/tasks')
@Crud(Task, {
  dto: { create: TaskBody },
  parent: { relation: 'status' },
  include: ['status', 'labels'],
  links: ['labels'],
})
@TenantScoped()
@UseGuards(UserGuard)
class StatusTasksController extends CrudController<Task> {}

@Controller('tasks')
@Crud(Task, { dto: { create: TaskBody }, include: ['status', 'labels'], links: ['labels'] })
@TenantScoped()
@UseGuards(UserGuard)
class TasksController extends CrudController<Task> {}

@Controller('admin/statuses')
@Crud(Status)
@CrossTenant('the platform keeps the defaults')
class AdminController extends CrudController<Status> {}

const SHARED = 1;
const ACME = 2;
const GLOBEX = 3;
const GONE = 4;

const settings = databasesToTest().flatMap((database) =>
  adaptersToTest().map((adapter) => [database, adapter] as const),
);

describe.each(settings)('G-08 rows without a tenant over HTTP on %s and %s', (database, adapter) => {
  let application: ScopedApplication;
  beforeAll(async () => {
    application = await openScopedApplication({
      database,
      adapter,
      entities: [Status, Rule, Label, Task],
      controllers: [StatusesController, RulesController, StatusTasksController, TasksController, AdminController],
      providers: [UserGuard],
    });
  });
  afterAll(() => application.close());
  beforeEach(() =>
    application.tenancy.unscoped('starts afresh', async () => {
      const { dataSource } = application;
      await startAfresh(dataSource);
      const names = ['shared', 'acme', 'globex'];
      for (const [i, organizationId] of [null, 1, 2].entries()) {
        await dataSource.getRepository(Status).insert({ organizationId, code: names[i] });
        await dataSource.getRepository(Rule).insert({ text: names[i], statusId: i + 1 });
        await dataSource.getRepository(Label).insert({ organizationId, name: names[i] });
      }
      await dataSource.getRepository(Status).insert({ organizationId: null, code: 'gone', deletedAt: new Date() });
      await dataSource.getRepository(Task).insert({ organizationId: 2, title: 'globex', statusId: SHARED });
    }),
  );

  const send = async (
    method: NonNullable<Message['method']>,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer & { readonly json: ReturnType<typeof JSON.parse> }> => {
    const answer = await application.transport.send({
      method,
      url,
      headers: { 'x-user': '1', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { ...answer, json: answer.text === '' ? undefined : JSON.parse(answer.text) };
  };
  const stored = (): Promise<unknown> =>
    application.tenancy.unscoped('looks', () =>
      Promise.all([
        application.dataSource.getRepository(Status).find({ withDeleted: true, order: { id: 'ASC' } }),
        application.dataSource.getRepository(Rule).find({ order: { id: 'ASC' } }),
      ]),
    );

  it('lists, counts, filters, sorts, includes and pages show them beside own rows', async () => {
    const list = await send('GET', '/statuses?include=rules&sort=code');
    expect(list.json).toMatchObject({
      total: 2,
      items: [
        { code: 'acme', organizationId: 1, rules: [{ text: 'acme' }] },
        { code: 'shared', organizationId: null, rules: [{ text: 'shared' }] },
      ],
    });
    expect((await send('GET', '/statuses?code=shared')).json.total).toBe(1);
    expect((await send('GET', '/statuses?code=globex')).json.total).toBe(0);
    expect((await send('GET', '/statuses?organizationId__is_null=true')).json.items).toMatchObject([
      { code: 'shared' },
    ]);
    expect((await send('GET', '/statuses?organizationId=2')).json.total).toBe(0);
    const first = await send('GET', '/statuses?cursor=&limit=1&sort=-organizationId,code');
    const second = await send('GET', `/statuses?cursor=${first.json.nextCursor}&limit=1&sort=-organizationId,code`);
    expect([...first.json.items, ...second.json.items].map(({ code }: Status) => code).sort()).toEqual([
      'acme',
      'shared',
    ]);
    expect(second.json.nextCursor).toBeNull();
    expect((await send('GET', `/statuses/${SHARED}`)).json).toMatchObject({ code: 'shared' });
    expect((await send('GET', `/statuses/${GLOBEX}`)).status).toBe(404);
  });

  it('a change of one is refused with 403 and a plain text, and leaves it as it was', async () => {
    const before = await stored();
    const match = { 'if-match': (await send('GET', `/statuses/${SHARED}`)).headers['etag'] as string };
    for (const [method, url, body, headers] of [
      ['PATCH', `/statuses/${SHARED}`, { code: 'taken' }],
      ['PATCH', `/statuses/${SHARED}`, { code: 'taken' }, match],
      ['PATCH', `/statuses/${SHARED}`, { code: 'taken' }, { 'if-match': '"9"' }],
      ['PATCH', `/statuses/${SHARED}`, {}],
      ['PATCH', `/statuses/${SHARED}`, { labels: [ACME] }],
      ['PUT', `/statuses/${SHARED}`, { code: 'taken' }],
      ['DELETE', `/statuses/${SHARED}`],
      ['DELETE', `/statuses/${SHARED}`, undefined, match],
      ['POST', `/statuses/${GONE}/restore`],
      ['PUT', `/statuses/${SHARED}/labels/${ACME}`],
      ['PUT', `/statuses/${SHARED}/labels/${SHARED}`],
      ['DELETE', `/statuses/${SHARED}/labels/${SHARED}`],
      ['POST', `/statuses/${SHARED}/rules`, { text: 'mine' }],
      ['PATCH', `/statuses/${SHARED}/rules/1`, { text: 'taken' }],
      ['DELETE', `/statuses/${SHARED}/rules/1`],
    ] as const) {
      const answer = await send(method, url, body, headers);
      expect([method, url, answer.status, answer.json.message]).toEqual([
        method,
        url,
        403,
        'The row is shared by all tenants and cannot be changed here.',
      ]);
    }
    expect(await stored()).toEqual(before);
  });

  it('a change of a row of another tenant stays 404', async () => {
    for (const method of ['PATCH', 'PUT', 'DELETE'] as const)
      expect((await send(method, `/statuses/${GLOBEX}`, method === 'DELETE' ? undefined : { code: 'x' })).status).toBe(
        404,
      );
    expect((await send('POST', '/statuses/99/restore')).status).toBe(404);
  });

  it('POST makes an own row, whatever the body says of the tenant, with a code that a default has', async () => {
    for (const organizationId of [undefined, null, 2]) {
      const { status, json } = await send('POST', '/statuses', { code: `shared${organizationId}`, organizationId });
      expect([status, json.organizationId]).toEqual([201, 1]);
    }
    expect((await send('POST', '/statuses', { code: 'shared' })).json).toMatchObject({ organizationId: 1 });
    expect((await send('POST', '/statuses', { code: 'shared' })).status).toBe(409);
    expect(
      (await send('POST', '/statuses/bulk', [{ code: 'a' }, { code: 'b', organizationId: null }])).json,
    ).toMatchObject([{ organizationId: 1 }, { organizationId: 1 }]);
    expect((await send('PATCH', `/statuses/${ACME}`, { organizationId: null, color: 'red' })).json).toMatchObject({
      organizationId: 1,
      color: 'red',
    });
  });

  it('own rows refer and link to them, by bodies, links and paths', async () => {
    const made = await send('POST', '/tasks', { title: 'a', statusId: SHARED, labels: [SHARED, ACME] });
    expect(made.status).toBe(201);
    const { id } = made.json;
    expect((await send('DELETE', `/tasks/${id}/labels/${SHARED}`)).status).toBe(204);
    expect((await send('PUT', `/tasks/${id}/labels/${SHARED}`)).status).toBe(204);
    expect((await send('PUT', `/tasks/${id}/labels/${GLOBEX}`)).status).toBe(404);
    expect((await send('GET', `/tasks/${id}?include=status,labels`)).json).toMatchObject({
      status: { code: 'shared' },
      labels: expect.arrayContaining([expect.objectContaining({ name: 'shared' })]),
    });
    expect((await send('PATCH', `/tasks/${id}`, { statusId: GLOBEX })).status).toBe(400);
    expect((await send('POST', `/statuses/${SHARED}/tasks`, { title: 'b' })).json).toMatchObject({ statusId: SHARED });
    expect((await send('GET', `/statuses/${SHARED}/tasks`)).json.total).toBe(2);
    expect((await send('GET', `/statuses/${SHARED}/rules`)).json.items).toMatchObject([{ text: 'shared' }]);
    expect((await send('PUT', `/statuses/${ACME}/labels/${SHARED}`)).status).toBe(204);
    expect((await send('DELETE', `/statuses/${ACME}/labels/${SHARED}`)).status).toBe(204);
    expect((await send('DELETE', `/statuses/${ACME}/rules/2`)).status).toBe(204);
  });

  it('a cross-tenant controller makes, changes and deletes them, and needs a word about the tenant', async () => {
    expect((await send('POST', '/admin/statuses', { code: 'new' })).status).toBe(400);
    const { status, json } = await send('POST', '/admin/statuses', { code: 'new', organizationId: null });
    expect([status, json.organizationId]).toEqual([201, null]);
    expect((await send('POST', '/admin/statuses', { code: 'new', organizationId: 1 })).json.organizationId).toBe(1);
    expect((await send('PATCH', `/admin/statuses/${json.id}`, { color: 'red' })).status).toBe(200);
    expect((await send('GET', `/statuses/${json.id}`)).json).toMatchObject({ color: 'red' });
    expect((await send('DELETE', `/admin/statuses/${json.id}`)).status).toBe(204);
    expect((await send('GET', `/statuses/${json.id}`)).status).toBe(404);
  });

  it('the OpenAPI document lets the body of a cross-tenant controller name null as the tenant, and no other body', () => {
    const { paths, components } = createResourceDocument(application.app, { title: 'statuses', version: '1' });
    const schemaOf = (path: string): string => {
      const schema = paths[path]['post'].requestBody!.content['application/json'].schema;
      const name = (schema.$ref ?? '').split('/').at(-1)!;
      return JSON.stringify(components.schemas[name].properties!['organizationId']);
    };
    expect(schemaOf('/admin/statuses')).toMatch(/null/);
    expect(schemaOf('/statuses')).toBeUndefined();
  });
});
