import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DynamicModule, INestApplication, LoggerService, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  EntityUndeclaredError,
  MuckModule,
  scoped,
  Tenancy,
  tenantFromUser,
  TenantScoped,
  TenantShared,
} from 'nestjs-muck';
import type { MuckModuleOptions } from 'nestjs-muck';
import type { App } from 'supertest/types.js';
import {
  Column,
  DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { createApplication } from '../../support/adapters.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';

@Entity()
class Topic {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
}

@Entity()
@TenantScoped()
class Question {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @ManyToOne(() => Topic, { onDelete: 'CASCADE' }) topic!: Relation<Topic> | null;
  @ManyToMany(() => Topic) @JoinTable() seeAlso!: Relation<Topic>[];
}

@Entity()
class AuditLine {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Question) question!: Relation<Question> | null;
}

@Entity()
@TenantShared('the same for all')
class Color {
  @PrimaryGeneratedColumn() id!: number;
}

const warnings: string[] = [];
const silent = (): undefined => undefined;
const logger: LoggerService = {
  log: silent,
  error: silent,
  warn: (text: string) => void warnings.push(text),
};

function moduleOf(database: object, entities: readonly Type[], options: Partial<MuckModuleOptions>): DynamicModule {
  return {
    module: class {},
    imports: [
      TypeOrmModule.forRoot({
        ...database,
        entities: [...entities],
        synchronize: true,
        retryAttempts: 0,
      }),
      MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId'), ...options }),
    ],
  };
}

const refusal = async (entities: readonly Type[], options: Partial<MuckModuleOptions>): Promise<string> => {
  try {
    await (await createApplication(moduleOf({ type: 'sqljs' }, entities, options))).close();
    return 'started';
  } catch (error) {
    return (error as Error).message;
  }
};

describe.each(databasesToTest())('G-10 undeclared entities that are allowed, beside a scoped one, on %s', (kind) => {
  let database: TestDatabase;
  let app: INestApplication<App>;
  let dataSource: DataSource;
  let tenancy: Tenancy;

  beforeAll(async () => {
    database = await createDatabase(kind);
    const module = moduleOf(database.options, [Topic, Question, AuditLine, Color], { undeclaredEntities: 'allow' });
    warnings.length = 0;
    app = await createApplication(module, { logger });
    dataSource = app.get(DataSource);
    tenancy = app.get(Tenancy);
    // Outside of any scope, as in plain TypeORM.
    await dataSource.getRepository(Topic).insert([
      { organizationId: 1, text: 'of 1' },
      { organizationId: 2, text: 'of 2' },
    ]);
    for (const organizationId of [1, 2])
      await tenancy.run({ organizationId }, () =>
        dataSource
          .getRepository(Question)
          .save({ text: `asked by ${organizationId}`, topic: { id: 1 }, seeAlso: [{ id: 1 }] }),
      );
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('are logged once each and listed with proposals', () => {
    expect(tenancy.undeclaredEntities).toEqual([
      { name: 'Topic', proposal: '@TenantScoped()' },
      { name: 'AuditLine', proposal: "@TenantShared('why')" },
    ]);
    expect(warnings.filter((text) => text.includes('is undeclared'))).toEqual([
      'Topic is undeclared: its rows are visible to all tenants. Declare it, for example @TenantScoped()',
      "AuditLine is undeclared: its rows are visible to all tenants. Declare it, for example @TenantShared('why')",
    ]);
  });

  it('are read and written as in plain TypeORM, by repositories and by raw SQL, in a scope and outside', async () => {
    const topics = dataSource.getRepository(Topic);
    const table = dataSource.driver.escape('topic');
    const use = async (): Promise<unknown> => {
      await topics.update({ id: 2 }, { text: 'changed' });
      return [(await topics.find()).length, (await dataSource.query<unknown[]>(`SELECT * FROM ${table}`)).length];
    };
    expect(await use()).toEqual([2, 2]);
    expect(await tenancy.run({ organizationId: 1 }, use)).toEqual([2, 2]);
  });

  it('show a tenant only its own rows of the scoped entity, joined from either side', async () => {
    const read = (): Promise<Question[]> => dataSource.getRepository(Question).find({ relations: { topic: true } });
    const own = await tenancy.run({ organizationId: 1 }, read);
    expect(own.map(({ text, topic }) => [text, topic?.id])).toEqual([['asked by 1', 1]]);
    const lines = dataSource.getRepository(AuditLine);
    await lines.insert({ question: { id: 2 } });
    const [line] = await tenancy.run({ organizationId: 1 }, () => lines.find({ relations: { question: true } }));
    expect(line.question).toBeNull();
    await expect(read()).rejects.toThrow('There is no tenant scope');
  });

  it('may refer in a scope to rows of that scope only', async () => {
    const lines = dataSource.getRepository(AuditLine);
    const insert = (id: number): Promise<unknown> =>
      tenancy.run({ organizationId: 1 }, () => lines.insert({ question: { id } }));
    await insert(1);
    await expect(insert(2)).rejects.toThrow('AuditLine.question refers to a row that does not exist.');
  });

  it('are not deleted where the database would delete rows of all tenants with them', async () => {
    const topics = dataSource.getRepository(Topic);
    await expect(tenancy.run({ organizationId: 1 }, () => topics.delete({ id: 1 }))).rejects.toThrow('Question');
    await expect(topics.delete({ id: 1 })).rejects.toThrow('Question');
    expect(await tenancy.unscoped('looks at everything', () => dataSource.getRepository(Question).count())).toBe(2);
  });
});

describe('G-10 an application that allows undeclared entities does not start', () => {
  it('if one of them is the table of a scoped entity', async () => {
    @Entity('question')
    class AllQuestions {
      @PrimaryGeneratedColumn() id!: number;
    }
    expect(await refusal([Topic, Question, AllQuestions], { undeclaredEntities: 'allow' })).toContain(
      'map the same table',
    );
  });

  it('if one of them is a view over a scoped entity', async () => {
    @ViewEntity({ expression: 'SELECT id, text FROM "question"' })
    class QuestionTexts {
      @ViewColumn() id!: number;
    }
    @ViewEntity({
      expression: (source: DataSource) => source.createQueryBuilder().select('c.id', 'id').from(Color, 'c'),
    })
    class ColorIds {
      @ViewColumn() id!: number;
    }
    const message = await refusal([Topic, Question, Color, QuestionTexts, ColorIds], { undeclaredEntities: 'allow' });
    expect(message).toContain('QuestionTexts is an undeclared view that reads Question, which is tenant-scoped.');
    expect(message).toContain('ColorIds is an undeclared view that may read tenant-scoped rows.');
  });

  it('if one of them is the parent of a scoped entity', async () => {
    @Entity()
    @TenantScoped({ via: 'topic' })
    class Hint {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Topic, { nullable: false }) topic!: Relation<Topic>;
    }
    expect(await refusal([Topic, Hint], { undeclaredEntities: 'allow' })).toContain(
      "Hint is scoped via 'topic', but Topic is undeclared. Declare Topic.",
    );
  });

  it('if the option has an unknown value', async () => {
    expect(await refusal([Color], { undeclaredEntities: 'deny' as never })).toContain(
      "undeclaredEntities is 'deny'. Use 'fail', 'deny-queries' or 'allow'",
    );
  });
});

describe('G-04 a query on an undeclared entity', () => {
  it('is told as one on an undeclared entity outside a scope too, by a builder and by raw SQL', async () => {
    const app = await createApplication(moduleOf({ type: 'sqljs' }, [Topic], { undeclaredEntities: 'deny-queries' }));
    const dataSource = app.get(DataSource);
    const tenancy = app.get(Tenancy);
    for (const query of [
      () => dataSource.getRepository(Topic).find(),
      () => dataSource.query('SELECT * FROM "topic"'),
    ]) {
      await expect(query()).rejects.toThrow(EntityUndeclaredError);
      await expect(tenancy.run({ organizationId: 1 }, query)).rejects.toThrow(EntityUndeclaredError);
      await expect(tenancy.unscoped('a test', query)).resolves.toEqual([]);
    }
    expect(tenancy.undeclaredEntities).toEqual([{ name: 'Topic', proposal: '@TenantScoped()' }]);
    await app.close();
  });
});

describe('G-10 an entity that is declared after it was queried as an undeclared one', () => {
  it('is refused from then on', async () => {
    @Entity()
    class Late {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    const app = await createApplication(moduleOf({ type: 'sqljs' }, [Late], { undeclaredEntities: 'allow' }));
    const lates = app.get(DataSource).getRepository(Late);
    expect(await lates.find()).toEqual([]);
    MuckModule.forRoot({
      scope: { organizationId: Number },
      resolver: tenantFromUser('organizationId'),
      entities: [scoped(Late)],
    });
    await expect(lates.find()).rejects.toThrow('the declaration of Late changed after its first query');
    await app.close();
  });
});
