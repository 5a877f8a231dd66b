import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudHooks } from 'nestjs-muck';
import { ChildEntity, Column, Entity, ManyToOne, PrimaryGeneratedColumn, TableInheritance } from 'typeorm';
import type { ObjectLiteral, Relation } from 'typeorm';
import { clientOf } from '../../../support/client.js';
import { Agent, openCrudDesk, TestGuard } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

class Place {
  @Column({ type: String, nullable: true }) city!: string | null;
}
@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
@TenantScoped()
class Activity {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) title!: string;
  @Column(() => Place) place!: Place;
}
class Line {
  @Column({ type: String, nullable: true }) number!: string | null;
  @ManyToOne(() => Agent, { nullable: true }) owner!: Relation<Agent> | null;
}
@ChildEntity()
class Call extends Activity {
  @Column(() => Line) line!: Line;
  @Column({ type: 'int', nullable: true }) minutes!: number | null;
  @ManyToOne(() => Agent, { nullable: true }) caller!: Relation<Agent> | null;
}
@ChildEntity()
class Memo extends Activity {
  @Column({ type: String, nullable: true }) text!: string | null;
}

/** What a hook of the application sets on the next row. */
const hook: { sets?: ObjectLiteral } = {};

@Injectable()
class ActivityHooks implements CrudHooks<Activity> {
  beforeCreate(row: Activity): void {
    Object.assign(row, hook.sets);
  }
  beforeUpdate(row: Activity): void {
    Object.assign(row, hook.sets);
  }
}
@Module({ providers: [ActivityHooks] })
class HooksModule {}

@Controller('activities')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Activity, { hooks: [ActivityHooks], also: ['createMany'] })
class ActivityController extends CrudController<Activity> {
  many(list: object[]): Promise<Activity[]> {
    return this.service.createMany(list);
  }
}

describe.each(places)('a resource over a parent entity on $adapter and $database', (place) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');
  const ids = { call: 0, memo: 0 };
  const minutes = async (): Promise<unknown> =>
    desk.tenancy.run({ organizationId: 1 }, async () =>
      desk.dataSource.getRepository(Activity).createQueryBuilder('a').where('a.minutes = 7').getCount(),
    );

  beforeAll(async () => {
    const entities = [Activity, Call, Memo];
    desk = await openCrudDesk([ActivityController], { ...place, entities, imports: [HooksModule] });
    await desk.tenancy.run({ organizationId: 1 }, async () => {
      ids.call = (await desk.dataSource.getRepository(Call).save({ title: 'c', minutes: 5 })).id;
      ids.memo = (await desk.dataSource.getRepository(Memo).save({ title: 'm', text: 'x' })).id;
    });
  });
  afterAll(() => desk?.close());

  it('takes no column of another class for a row', async () => {
    const path = `/activities/${ids.memo}`;
    for (const answer of [
      await acme.patch(path, { minutes: 7 }),
      await acme.put(path, { title: 'm', minutes: 7 }),
      await acme.post('/activities', { title: 'm', minutes: 7 }),
    ]) {
      expect(answer.status).toBe(400);
      expect(answer.body.message).toContain('property minutes should not exist');
    }
    expect((await acme.post('/activities', { title: 'm', kind: 'Memo', minutes: 7 })).status).toBe(400);
    expect(await minutes()).toBe(0);
  });

  it('takes no column of another class from a hook', async () => {
    hook.sets = { minutes: 7 };
    expect((await acme.patch(`/activities/${ids.memo}`, { title: 'new' })).status).toBe(400);
    expect((await acme.post('/activities', { title: 'new' })).status).toBe(400);
    expect(await minutes()).toBe(0);
    hook.sets = {};
  });

  it('takes no column of an embedded object of another class', async () => {
    for (const body of [{ line: { number: '7' } }, { line: { owner: 1 } }, { title: 'm', line: { number: '7' } }]) {
      for (const answer of [
        await acme.patch(`/activities/${ids.memo}`, body),
        await acme.put(`/activities/${ids.memo}`, { title: 'm', ...body }),
        await acme.post('/activities', body),
        await acme.post('/activities/bulk', [body]),
      ]) {
        expect(answer.status).toBe(400);
        expect(String(answer.body.message)).toMatch(/property line\.(number|owner) should not exist/);
      }
    }
    expect((await acme.patch(`/activities/${ids.call}`, { line: { number: '7' } })).body).toMatchObject({
      line: { number: '7' },
    });
    for (const id of [ids.call, ids.memo]) {
      const answer = await acme.patch(`/activities/${id}`, { place: { city: 'rome' } });
      expect(answer.body).toMatchObject({ place: { city: 'rome' } });
    }
    expect((await acme.post('/activities', { title: 'here', place: { city: 'oslo' } })).status).toBe(201);
    hook.sets = { line: { number: '8' } };
    expect((await acme.patch(`/activities/${ids.memo}`, { title: 'new' })).status).toBe(400);
    hook.sets = {};
  });

  it('takes no column of another class for many new rows', async () => {
    const count = (): Promise<number> =>
      desk.tenancy.run({ organizationId: 1 }, () => desk.dataSource.getRepository(Activity).count());
    const before = await count();
    for (const list of [[{ title: 'a', minutes: 7 }], [{ title: 'a' }, { title: 'b', text: 'x' }]]) {
      const answer = await acme.post('/activities/bulk', list);
      expect(answer.status).toBe(400);
      expect(String(answer.body.message)).toMatch(/property (minutes|text) should not exist/);
    }
    hook.sets = { minutes: 7 };
    expect((await acme.post('/activities/bulk', [{ title: 'a' }])).status).toBe(400);
    hook.sets = {};
    await expect(
      desk.tenancy.run({ organizationId: 1 }, () =>
        desk.app.get(ActivityController).many([{ title: 'a', minutes: 7 }]),
      ),
    ).rejects.toThrow('Invalid Request');
    expect(await count()).toBe(before);
    expect((await acme.post('/activities/bulk', [{ title: 'a' }, { title: 'b' }])).status).toBe(201);
    expect(await count()).toBe(before + 2);
  });

  it('changes the columns that a row has', async () => {
    expect((await acme.patch(`/activities/${ids.memo}`, { text: 'y' })).body).toMatchObject({ text: 'y' });
    expect((await acme.put(`/activities/${ids.memo}`, { title: 'z', text: 'z' })).status).toBe(200);
    expect((await acme.patch(`/activities/${ids.call}`, { minutes: 6 })).body).toMatchObject({ minutes: 6 });
    expect((await acme.post('/activities', { title: 'plain' })).status).toBe(201);
  });
});
