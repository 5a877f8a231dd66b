import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Exclude, Expose } from 'class-transformer';
import { IsObject, IsOptional, IsString } from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';
import { places } from '../../support/places.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';
import type { Answer } from '../../support/transport.js';

class Badge {
  @Column({ default: 'open' }) text!: string;
  @Exclude() @Column({ default: 'kept' }) excluded!: string;
  @Column({ default: 'kept', select: false }) unselected!: string;
}

@Exclude()
class Sealed {
  @Column({ default: 'kept' }) code!: string;
}

abstract class Member {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: 'open' }) name!: string;
}

@Entity()
@TenantScoped()
class User extends Member {
  @Exclude() @Column({ default: 'kept' }) excluded!: string;
  @Exclude({ toPlainOnly: true }) @Column({ default: 'kept' }) excludedFromPlain!: string;
  @Exclude({ toClassOnly: true }) @Column({ default: 'kept' }) excludedFromClass!: string;
  @Expose({ groups: ['admin'] }) @Column({ default: 'kept' }) grouped!: string;
  @Column({ default: 'kept', select: false }) unselected!: string;
  @Column(() => Badge) badge!: Badge;
  @Column(() => Sealed) sealed!: Sealed;
}

/** Shows what has `@Expose()` and nothing else. */
@Entity()
@TenantScoped()
@Exclude()
class Guest {
  @Expose() @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Expose() @Column({ default: 'open' }) name!: string;
  @Column({ default: 'kept' }) unexposed!: string;
}

/** Has rules of its own, for a hidden column too. */
@Entity()
@TenantScoped()
class Ruled extends Member {
  @IsOptional() @IsString() declare name: string;
  @IsOptional() @IsString() @Exclude() @Column({ default: 'kept' }) excluded!: string;
}

class UserDto {
  @IsOptional() @IsString() name?: string;
  @IsOptional() @IsString() excluded?: string;
  @IsOptional() @IsString() unselected?: string;
  @IsOptional() @IsObject() badge?: object;
}

const controllerOf = (path: string, entity: typeof User | typeof Guest | typeof Ruled, options: object = {}) => {
  @Controller(path)
  @UseGuards(TestGuard)
  @TenantScoped()
  @Crud(entity as typeof User, { also: ['createMany'], ...options })
  class HiddenController extends CrudController<User> {}
  return HiddenController;
};

const HIDDEN = ['excluded', 'excludedFromPlain', 'excludedFromClass', 'grouped', 'unselected'] as const;
const taken = Object.fromEntries(HIDDEN.map((property) => [property, 'taken']));
const badge = { text: 'taken', excluded: 'taken', unselected: 'taken' };

describe.each(places)('G-08 columns that the entity hides, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  beforeAll(async () => {
    world = await openScopedApplication({
      ...place,
      entities: [User, Guest, Ruled],
      controllers: [
        controllerOf('users', User),
        controllerOf('strict-users', User, { strictPayload: true }),
        controllerOf('named-users', User, { dto: { create: UserDto } }),
        controllerOf('guests', Guest),
        controllerOf('ruled', Ruled),
      ],
    });
  });
  afterAll(() => world?.close());

  const send = (method: 'POST' | 'PUT' | 'PATCH', url: string, body: unknown): Promise<Answer> =>
    world.transport.send({
      method,
      url,
      headers: { 'x-user': '1', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  /** Rows as the database has them, whatever is selected. */
  const stored = async (id: number, entity: typeof User | typeof Guest | typeof Ruled = User) => {
    const repository = world.dataSource.getRepository<object>(entity);
    const select = repository.createQueryBuilder('row').where({ id });
    select.select(repository.metadata.columns.map(({ propertyPath }) => `row.${propertyPath}`));
    return world.tenancy.run({ organizationId: 1 }, () => select.getOneOrFail());
  };
  const insert = async (row: object, entity: typeof User | typeof Guest | typeof Ruled = User): Promise<number> => {
    const repository = world.dataSource.getRepository<object>(entity);
    const { identifiers } = await world.tenancy.run({ organizationId: 1 }, () => repository.insert(row));
    return identifiers[0]['id'] as number;
  };
  const kept = {
    ...Object.fromEntries(HIDDEN.map((property) => [property, 'kept'])),
    badge: { excluded: 'kept', unselected: 'kept' },
    sealed: { code: 'kept' },
  };

  it('a POST without a DTO stores their defaults, whatever its body says', async () => {
    const made = await send('POST', '/users', { name: 'taken', ...taken, badge, sealed: { code: 'taken' } });
    expect(made.status).toBe(201);
    const { id } = JSON.parse(made.text) as { id: number };
    expect(await stored(id)).toMatchObject({ ...kept, name: 'taken', badge: { ...kept.badge, text: 'taken' } });
  });

  it('a POST of a list without a DTO stores their defaults, whatever its bodies say', async () => {
    const made = await send('POST', '/users/bulk', [{ name: 'taken', ...taken, badge, sealed: { code: 'taken' } }]);
    expect(made.status).toBe(201);
    const [{ id }] = JSON.parse(made.text) as { id: number }[];
    expect(await stored(id)).toMatchObject({ ...kept, name: 'taken' });
  });

  it.each(['PATCH', 'PUT'] as const)('a %s without a DTO leaves them alone, whatever its body says', async (method) => {
    const changed = Object.fromEntries(HIDDEN.map((property) => [property, 'own']));
    const own = { ...changed, badge: { excluded: 'own', unselected: 'own' }, sealed: { code: 'own' } };
    const id = await insert({ name: 'a', ...own });
    const answer = await send(method, `/users/${id}`, { name: 'b', ...taken, badge, sealed: { code: 'taken' } });
    expect(answer.status).toBe(200);
    expect(await stored(id)).toMatchObject({ ...own, name: 'b', badge: { ...own.badge, text: 'taken' } });
  });

  it('a class that shows only what has @Expose() takes nothing else', async () => {
    const id = await insert({ name: 'a', unexposed: 'own' }, Guest);
    for (const method of ['PATCH', 'PUT'] as const) {
      expect((await send(method, `/guests/${id}`, { name: method, unexposed: 'taken' })).status).toBe(200);
      expect(await stored(id, Guest)).toMatchObject({ name: method, unexposed: 'own' });
    }
  });

  it('rules of the entity itself do not open a hidden column', async () => {
    const id = await insert({ name: 'a', excluded: 'own' }, Ruled);
    expect((await send('PATCH', `/ruled/${id}`, { name: 'b', excluded: 'taken' })).status).toBe(200);
    expect(await stored(id, Ruled)).toMatchObject({ name: 'b', excluded: 'own' });
  });

  it('strictPayload does not tell whether a hidden value was guessed', async () => {
    const id = await insert({ name: 'a', excluded: 'guess' });
    const right = await send('PATCH', `/strict-users/${id}`, { excluded: 'guess' });
    const wrong = await send('PATCH', `/strict-users/${id}`, { excluded: 'other' });
    expect([right.status, right.text]).toEqual([wrong.status, wrong.text]);
    expect(right.status).toBe(400);
  });

  it('a DTO that names them takes them, but nothing that it does not name in an embedded object', async () => {
    const id = await insert({ name: 'a', badge: { excluded: 'own', unselected: 'own' } });
    const answer = await send('PATCH', `/named-users/${id}`, { excluded: 'taken', unselected: 'taken', badge });
    expect(answer.status).toBe(200);
    expect(await stored(id)).toMatchObject({
      excluded: 'taken',
      unselected: 'taken',
      badge: { text: 'taken', excluded: 'own', unselected: 'own' },
    });
  });
});
