import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
  QueryBuilder,
} from 'typeorm';
import type { DataSource, ObjectLiteral, Relation, SelectQueryBuilder } from 'typeorm';
import { scopeParameter } from '../../../../lib/orm/policy/scope-parameters.js';
import { testPredicates } from '../../../../lib/orm/startup/predicate-self-test.js';
import { currentContext } from '../../../../lib/tenancy/context/tenant-context.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ organizationId: Number, region: String, account: BigInt });

@Entity()
@TenantScoped({ omit: ['account'] })
class Paper {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() region!: string;
  @Column() text!: string;
}

@Entity()
@TenantScoped({ omit: ['account'] })
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() region!: string;
  @Column() text!: string;
  @DeleteDateColumn() deletedAt!: Date | null;
}

type Builder = SelectQueryBuilder<ObjectLiteral>;
type Make = (...args: never[]) => unknown;

/** Replaces the text of a builder without changing its own enumerable properties. */
function giveText<B extends object>(builder: B, text: () => string): B {
  return Object.defineProperty(builder, 'getQuery', { value: text, configurable: true });
}

/** Returns the message of the failed self-test; undefined if it passes. */
function failureOf(dataSource: DataSource): string | undefined {
  try {
    testPredicates(dataSource);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Calls `change` with each builder that the DataSource makes, and the entity that it is made for. */
function onBuilder(dataSource: DataSource, change: (builder: Builder, target: unknown) => unknown): void {
  const create = dataSource.createQueryBuilder.bind(dataSource) as Make;
  dataSource.createQueryBuilder = ((...args: never[]) => change(create(...args) as Builder, args[0])) as never;
}

/** Calls `change` with each builder that EntityManagers of new transactions make. */
function onTransactionBuilder(dataSource: DataSource, change: (builder: Builder) => unknown): void {
  const createManager = dataSource.createEntityManager.bind(dataSource);
  dataSource.createEntityManager = () => {
    const manager = createManager();
    const create = manager.createQueryBuilder.bind(manager) as Make;
    manager.createQueryBuilder = ((...args: never[]) => change(create(...args) as Builder)) as never;
    return manager;
  };
}

/** Takes the predicate off the deletes from an entity. */
function breakDeletes(dataSource: DataSource, entity: unknown): void {
  onBuilder(dataSource, (builder) => {
    const remove = builder.delete.bind(builder);
    const deleting = (): object => {
      const made = remove();
      const from = made.from.bind(made) as Make;
      return Object.assign(made, {
        from: (target: never) => {
          const limited = from(target) as QueryBuilder<ObjectLiteral>;
          return target === entity ? giveText(limited, () => 'DELETE') : limited;
        },
      });
    };
    return Object.assign(builder, { delete: deleting });
  });
}

describe('the self-test of predicates', () => {
  it('runs in a sample scope with a value of each declared type', async () => {
    const dataSource = await unconnected('sqljs', [Paper]);
    const scopes: unknown[] = [];
    onBuilder(dataSource, (builder) => (scopes.push(currentContext()?.scope), builder));
    testPredicates(dataSource);
    expect(scopes[0]).toEqual({
      values: { organizationId: 1, region: 'self-check', account: 1n },
      fingerprint: '[self-check]',
    });
  });

  it('makes the text of builders in the same state once', async () => {
    const dataSource = await unconnected('sqljs', [Paper]);
    let made = 0;
    onBuilder(dataSource, (builder, target) => {
      if (target !== Paper) return builder;
      const { getQuery } = builder;
      return giveText(builder, () => (made++, getQuery.call(builder)));
    });
    expect(failureOf(dataSource)).toBeUndefined();
    expect(made).toBe(1);
  });

  const OTHER_STATES: [string, (builder: Builder, dataSource: DataSource) => void][] = [
    [
      'is of another class',
      (builder) =>
        Object.setPrototypeOf(
          builder,
          Object.create(Object.getPrototypeOf(builder) as object, { constructor: { value: Paper } }),
        ),
    ],
    ['is for a sub-query', ({ expressionMap }) => (expressionMap.subQuery = true)],
    ['has no main alias', ({ expressionMap }) => (expressionMap.mainAlias = undefined)],
    ['has one more alias', ({ expressionMap }) => expressionMap.createAlias({ type: 'other', name: 'other' })],
    ['has an alias of another type', ({ expressionMap: { aliases } }) => (aliases[0].type = 'join')],
    ['has an alias of another name', ({ expressionMap: { aliases } }) => (aliases[0].name = 'other')],
    [
      'has an alias without an entity',
      ({ expressionMap: { aliases } }) => Reflect.deleteProperty(aliases[0], '_metadata'),
    ],
    [
      'has an alias of another entity',
      ({ expressionMap: { aliases } }, dataSource) => (aliases[0].metadata = dataSource.getMetadata(Letter)),
    ],
    ['has a condition', (builder) => builder.where('1 = 1')],
    ['has a join', ({ expressionMap: { joinAttributes } }) => joinAttributes.push({} as never)],
    ['has a common table expression', ({ expressionMap }) => expressionMap.commonTableExpressions.push({} as never)],
    ['has a method of its own', (builder) => Object.assign(builder, { execute: () => undefined })],
  ];

  it.each(OTHER_STATES)('makes the text of a builder that %s than the one before', async (_, change) => {
    const dataSource = await unconnected('sqljs', [Paper, Letter]);
    onTransactionBuilder(dataSource, (builder) => {
      change(builder, dataSource);
      return giveText(builder, () => 'SELECT 1');
    });
    expect(failureOf(dataSource)).toContain("a select of a transaction's EntityManager on Paper");
  });

  it.each(['softDelete', 'restore'] as const)(
    'makes the text of a %s, which has a builder of the same class',
    async (verb) => {
      const dataSource = await unconnected('sqljs', [Letter]);
      onBuilder(dataSource, (builder) => {
        const make = (builder[verb] as Make).bind(builder);
        return Object.defineProperty(builder, verb, { value: () => giveText(make() as object, () => 'SELECT 1') });
      });
      const kind = verb === 'restore' ? 'a restore' : 'a soft delete';
      expect(failureOf(dataSource)).toContain(`${kind} of the EntityManager on Letter`);
    },
  );

  it('looks for the parameter of every tenant column in an insert', async () => {
    const dataSource = await unconnected('sqljs', [Paper]);
    const column = dataSource.getMetadata(Paper).findColumnWithPropertyName('region')!;
    const parameter = `:${scopeParameter('region', column)}`;
    onBuilder(dataSource, (builder) => {
      const insert = builder.insert.bind(builder);
      return Object.assign(builder, {
        insert: () => {
          const inserting = insert();
          const { getQuery } = inserting;
          return giveText(inserting, () => getQuery.call(inserting).replaceAll(parameter, 'NULL'));
        },
      });
    });
    expect(failureOf(dataSource)).toContain('an insert on Paper');
  });

  it('makes the text of each builder that is not a QueryBuilder of TypeORM', async () => {
    const dataSource = await unconnected('sqljs', [Paper]);
    let made = 0;
    onBuilder(dataSource, (builder, target) => {
      if (target !== Paper) return builder;
      const text = made++ === 0 ? builder.getQuery() : 'SELECT 1';
      const foreign = { select: () => foreign, getQuery: () => text };
      return foreign;
    });
    expect(failureOf(dataSource)).toContain('a select of a repository on Paper');
  });

  it('makes deletes of the first entity of a shape from which deleting is not refused', async () => {
    /** Deleting a folder is refused: it would change notes of other accounts. */
    const folders = (): Type[] => {
      @Entity()
      @TenantScoped({ omit: ['account'] })
      class Folder {
        @PrimaryGeneratedColumn() id!: number;
        @Column() organizationId!: number;
        @Column() region!: string;
        @Column() text!: string;
      }
      @Entity()
      @TenantScoped()
      class Note {
        @PrimaryGeneratedColumn() id!: number;
        @Column() organizationId!: number;
        @Column() region!: string;
        @Column('bigint') account!: string;
        @ManyToOne(() => Folder, { onDelete: 'CASCADE' }) folder!: Relation<Folder>;
      }
      return [Folder, Note];
    };
    const first = folders();
    @Entity()
    @TenantScoped({ omit: ['account'] })
    class Sheet {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() region!: string;
      @Column() text!: string;
    }
    const last = folders();
    for (const entities of [
      [...first, Sheet],
      [Sheet, ...last],
    ]) {
      // TypeORM keeps the order in which the classes were decorated.
      const dataSource = await unconnected('sqljs', entities);
      expect(failureOf(dataSource)).toBeUndefined();
      breakDeletes(dataSource, Sheet);
      expect(failureOf(dataSource)).toContain('a delete of the EntityManager on Sheet');
    }
  });

  it('makes every statement of an entity with soft deletes beside one without', async () => {
    for (const entities of [
      [Paper, Letter],
      [Letter, Paper],
    ]) {
      const dataSource = await unconnected('sqljs', entities);
      const selected = new Set<unknown>();
      onTransactionBuilder(dataSource, (builder) => (selected.add(builder.expressionMap.mainAlias?.target), builder));
      testPredicates(dataSource);
      expect([...selected]).toEqual(expect.arrayContaining([Paper, Letter]));
    }
  });

  it('passes by a junction table if another schema has one of the same name', async () => {
    @Entity()
    @TenantShared('the same for all')
    class Label {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Entity()
    @TenantScoped({ omit: ['account'] })
    class Parcel {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() region!: string;
      @ManyToMany(() => Label) @JoinTable({ name: 'links', schema: 'east' }) labels!: Relation<Label>[];
      @ManyToMany(() => Label) @JoinTable({ name: 'links', schema: 'west' }) stickers!: Relation<Label>[];
    }
    const dataSource = await unconnected('postgres', [Label, Parcel]);
    const tables = new Set<string>();
    onBuilder(dataSource, (builder) => {
      const { mainAlias } = builder.expressionMap;
      if (mainAlias !== undefined) tables.add(mainAlias.tablePath ?? mainAlias.metadata.tablePath);
      return builder;
    });
    expect(failureOf(dataSource)).toBeUndefined();
    expect([...tables]).toEqual(['parcel', 'west.links']);
  });
});
