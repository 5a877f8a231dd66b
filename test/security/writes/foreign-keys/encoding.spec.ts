import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';
import type { ObjectLiteral } from 'typeorm';
import { createDatabase, databasesToTest } from '../../../support/databases.js';
import type { TestDatabase } from '../../../support/databases.js';
import { detach } from '../../../support/detach.js';
import { tenancy } from '../../../support/annex.js';

declareScope({ organizationId: Number });

const ACME = { organizationId: 1 };

/** Kept without its prefix. */
const prefixed = { to: (shown?: string) => shown?.replace('key_', ''), from: (kept?: string) => kept && `key_${kept}` };

abstract class Keyed {
  @Column() organizationId!: number;
  @Column({ default: 'x' }) text!: string;
}

@Entity()
@TenantScoped()
class ByText extends Keyed {
  @PrimaryColumn({ length: 20 }) key!: string;
}
@Entity()
@TenantScoped()
class ByFixedText extends Keyed {
  @PrimaryColumn({ type: 'char', length: 8 }) key!: string;
}
@Entity()
@TenantScoped()
class ByDay extends Keyed {
  @PrimaryColumn({ type: 'date' }) key!: string;
}
@Entity()
@TenantScoped()
class ByMoment extends Keyed {
  @PrimaryColumn() key!: Date;
}
@Entity()
@TenantScoped()
class ByDecimal extends Keyed {
  @PrimaryColumn({ type: 'decimal', precision: 8, scale: 2 }) key!: string;
}
@Entity()
@TenantScoped()
class ByBigNumber extends Keyed {
  @PrimaryColumn({ type: 'bigint' }) key!: string;
}
@Entity()
@TenantScoped()
class ByPrefix extends Keyed {
  @PrimaryColumn({ length: 20, transformer: prefixed }) key!: string;
}
@Entity()
@TenantScoped()
class ByUuid extends Keyed {
  @PrimaryGeneratedColumn('uuid') key!: string;
}
@Entity()
@TenantScoped()
class BySwitch extends Keyed {
  @PrimaryColumn() key!: boolean;
}

interface Case {
  readonly entity: new () => Keyed & { key: unknown };
  readonly key: unknown;
  /** How a reference writes the key. */
  readonly spelled?: unknown;
  readonly not?: readonly string[];
}

const CASES: readonly Case[] = [
  { entity: ByText, key: 'a b' },
  { entity: ByFixedText, key: 'abc', not: ['sqljs'] },
  { entity: ByDay, key: '2026-01-31' },
  { entity: ByDecimal, key: '1.50' },
  { entity: ByDecimal, key: '2.50', spelled: 2.5 },
  { entity: ByBigNumber, key: '9007199254740993', not: ['sqljs'] },
  { entity: ByBigNumber, key: '42', spelled: 42 },
  { entity: ByPrefix, key: 'key_7' },
  { entity: ByUuid, key: 'AAAAAAAA-0000-4000-8000-00000000000A' },
  { entity: BySwitch, key: true },
];

/** An entity that refers to another one. */
function referring(target: new () => object): new () => ObjectLiteral {
  class Referring {
    id!: number;
    organizationId!: number;
    target!: Relation<object>;
  }
  Object.defineProperty(Referring, 'name', { value: `To${target.name}` });
  PrimaryGeneratedColumn()(Referring.prototype, 'id');
  Column({ type: Number })(Referring.prototype, 'organizationId');
  ManyToOne(() => target, { nullable: true })(Referring.prototype, 'target');
  JoinColumn()(Referring.prototype, 'target');
  Entity(`to_${target.name}`.toLowerCase())(Referring);
  TenantScoped()(Referring);
  return Referring;
}

const TARGETS = [ByText, ByFixedText, ByDay, ByMoment, ByDecimal, ByBigNumber, ByPrefix, ByUuid, BySwitch];
const REFERRING = new Map(TARGETS.map((target) => [target as unknown, referring(target)]));

/** Refers to a row in every way, and removes both. */
async function goThrough(dataSource: DataSource, { entity, key, spelled = key }: Case): Promise<number> {
  const repository = dataSource.getRepository<ObjectLiteral>(entity);
  const links = dataSource.getRepository<ObjectLiteral>(REFERRING.get(entity) as never);
  await repository.insert({ key, organizationId: 1 });
  const link = await links.save({ target: { key: spelled }, organizationId: 1 });
  const id = link.id as number;
  const loaded = await links.findOneOrFail({ where: { id }, relations: { target: true } });
  if (loaded.target === undefined || loaded.target === null) throw new Error('the related row is not loaded');
  await links.save({ id, target: loaded.target as object });
  await links.update({ id }, { target: { key: spelled } });
  await links.remove(loaded);
  await repository.save({ ...(loaded.target as object), text: 'changed' });
  await repository.remove(await repository.findOneByOrFail({ text: 'changed' }));
  return repository.count();
}

describe.each(databasesToTest())('G-06 a key of every kind on %s', (kind) => {
  const targets = TARGETS.filter((target) => kind !== 'sqljs' || target !== ByFixedText);
  const open: { readonly dataSource: DataSource; readonly database: TestDatabase }[] = [];

  beforeAll(async () => {
    for (const enforced of [true, false]) {
      const database = await createDatabase(kind);
      const entities = targets.flatMap((target) => [target, REFERRING.get(target)!]);
      const dataSource = await new DataSource({
        ...database.options,
        entities,
        synchronize: true,
      }).initialize();
      if (!enforced) detach(dataSource);
      open.push({ dataSource, database });
    }
  });
  afterAll(async () => {
    for (const { dataSource, database } of open.splice(0)) {
      await dataSource.destroy();
      await database.drop();
    }
  });

  for (const given of CASES) {
    if (given.not?.includes(kind)) continue;
    it(`is found again when it is referred to and removed: ${given.entity.name} ${String(given.spelled ?? given.key)}`, async () => {
      const [held, plain] = open;
      const worksWithout = await goThrough(plain.dataSource, given).then(
        (left) => left === 0,
        () => false,
      );
      // What TypeORM cannot do by itself is not promised.
      if (!worksWithout) return;
      expect(await tenancy.run(ACME, () => goThrough(held.dataSource, given))).toBe(0);
    });
  }
});
