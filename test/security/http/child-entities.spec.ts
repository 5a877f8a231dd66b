import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudBody, CrudHooks } from 'nestjs-muck';
import { ChildEntity, Column, Entity, ManyToOne, PrimaryGeneratedColumn, TableInheritance } from 'typeorm';
import type { ObjectLiteral, Relation } from 'typeorm';
import { clientOf } from '../../support/client.js';
import { Agent, openCrudDesk, TestGuard } from '../../support/crud-desk.js';
import type { Desk } from '../../support/crud-desk.js';
import { places } from '../../support/places.js';

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
@TenantScoped()
class Activity {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
}
@ChildEntity()
class Call extends Activity {
  @ManyToOne(() => Agent, { nullable: true }) caller!: Relation<Agent> | null;
}
class Details {
  @Column({ type: String, nullable: true }) note!: string | null;
  @ManyToOne(() => Agent, { nullable: true }) keeper!: Relation<Agent> | null;
}
@ChildEntity()
class Parcel extends Activity {
  @Column(() => Details) details!: Details;
}
@ChildEntity()
class Memo extends Activity {
  @Column({ default: '' }) text!: string;
}

/** What a hook of the application sets on the next row. */
const hook: { sets?: ObjectLiteral } = {};

@Injectable()
class MemoHooks implements CrudHooks<Memo> {
  beforeCreate(memo: Memo): void {
    Object.assign(memo, hook.sets);
  }
}

@Module({ providers: [MemoHooks] })
class HooksModule {}

@Controller('memos')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Memo, { hooks: [MemoHooks] })
class MemoController extends CrudController<Memo> {}
@Controller('free-memos')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Memo)
class FreeMemoController extends CrudController<Memo> {
  override create(body: CrudBody<Memo>): Promise<Memo> {
    return super.create({ ...body, ...hook.sets });
  }
}
@Controller('calls')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Call, { include: ['caller'] })
class CallController extends CrudController<Call> {}
@Controller('parcels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Parcel)
class ParcelController extends CrudController<Parcel> {}

const CONTROLLERS: Type[] = [MemoController, FreeMemoController, CallController, ParcelController];
const ENTITIES = [Activity, Call, Parcel, Memo];

describe.each(places)('G-02 a resource over a child entity on $adapter and $database', (place) => {
  let desk: Desk;
  const agents: Record<number, number> = {};
  const acme = clientOf(() => desk, '1');

  const stored = async (column: string, key: number): Promise<number> => {
    const escape = (name: string): string => desk.dataSource.driver.escape(name);
    const rows: unknown[] = await desk.tenancy.unscoped('looks at everything', () =>
      desk.dataSource.query(`SELECT * FROM ${escape('activity')} WHERE ${escape(column)} = ${key}`),
    );
    return rows.length;
  };

  beforeAll(async () => {
    desk = await openCrudDesk(CONTROLLERS, { ...place, entities: ENTITIES, imports: [HooksModule] });
    for (const organizationId of [1, 2]) {
      await desk.tenancy.run({ organizationId }, async () => {
        agents[organizationId] = (await desk.dataSource.getRepository(Agent).save({ name: 'Ada' })).id;
      });
    }
  });
  afterAll(() => desk?.close());

  it('takes no column of a sibling in any body', async () => {
    const { id } = (await acme.post('/memos', { title: 't', text: 'x' })).body;
    for (const caller of [agents[1], agents[2], 9999]) {
      const body = { title: 't', text: 'x', caller };
      for (const answer of [
        await acme.post('/memos', body),
        await acme.put(`/memos/${id}`, body),
        await acme.patch(`/memos/${id}`, { caller: { id: caller } }),
        await acme.patch(`/memos/${id}`, { caller: null }),
      ]) {
        expect([answer.status, answer.body.message]).toEqual([400, ['property caller should not exist']]);
      }
    }
    expect(await stored('callerId', agents[2])).toBe(0);
  });

  it('shows, filters and sorts by no column of a sibling', async () => {
    const { body } = await acme.post('/memos', { title: 't', text: 'x' });
    expect(Object.keys(body as object).sort()).toEqual(['id', 'organizationId', 'text', 'title']);
    for (const query of ['caller=1', 'caller__is_null=true', 'sort=caller', 'fields=caller', 'include=caller'])
      expect((await acme.get(`/memos?${query}`)).status).toBe(400);
  });

  it("looks a sibling's foreign key up that a hook sets", async () => {
    for (const caller of [agents[2], { id: agents[2] }, 9999]) {
      hook.sets = { caller };
      const refused = await acme.post('/memos', { title: 't', text: 'x' });
      expect(refused.status).toBe(400);
      expect(refused.body.message).toEqual(['caller refers to a row that does not exist']);
    }
    expect(await stored('callerId', agents[2])).toBe(0);
    hook.sets = {};
  });

  it("does not store a sibling's foreign key that an override adds", async () => {
    hook.sets = { caller: agents[2] };
    expect((await acme.post('/free-memos', { title: 't', text: 'x' })).status).toBe(201);
    expect(await stored('callerId', agents[2])).toBe(0);
    hook.sets = {};
  });

  it("stores and looks up the child entity's own keys, in an embedded object too", async () => {
    const call = await acme.post('/calls', { title: 't', caller: agents[1] });
    expect(call.status).toBe(201);
    expect((await acme.get(`/calls?include=caller`)).body.items).toMatchObject([
      { title: 't', caller: { id: agents[1], name: 'Ada' } },
    ]);
    expect((await acme.post('/calls', { title: 't', caller: agents[2] })).status).toBe(400);
    expect((await acme.patch(`/calls/${call.body.id}`, { caller: agents[2] })).status).toBe(400);

    const parcel = await acme.post('/parcels', { title: 't', details: { note: 'n', keeper: agents[1] } });
    expect([parcel.status, await stored('detailsKeeperid', agents[1])]).toEqual([201, 1]);
    for (const details of [{ keeper: agents[2] }, { keeper: { id: agents[2] } }]) {
      expect((await acme.post('/parcels', { title: 't', details })).status).toBe(400);
      expect((await acme.patch(`/parcels/${parcel.body.id}`, { details })).status).toBe(400);
    }
    expect(await stored('detailsKeeperid', agents[2])).toBe(0);
  });
});
