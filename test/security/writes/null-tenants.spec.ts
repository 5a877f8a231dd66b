import { declareScope, TenantScoped } from 'nestjs-muck';
import {
  Brackets,
  Column,
  DeleteDateColumn,
  Entity,
  IsNull,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type Relation,
  Tree,
  TreeChildren,
  TreeParent,
  Unique,
  VersionColumn,
} from 'typeorm';
import { attacks } from '../../support/annex.js';
import type { Annex } from '../../support/annex.js';

/*
 * Rows without a tenant are defaults: every tenant reads them, and none of them writes them.
 */

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };

@Entity()
@TenantScoped({ nullMeans: 'shared' })
@Unique(['organizationId', 'code'])
class Template {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() code!: string;
  @Column() title!: string;
  @Column({ default: 0 }) uses!: number;
  @VersionColumn() version!: number;
  @DeleteDateColumn() deletedAt!: Date | null;
  @OneToMany(() => Part, (part) => part.template, { cascade: true }) parts!: Relation<Part[]>;
  @OneToMany(() => Letter, (letter) => letter.template, { cascade: ['insert', 'update'] }) letters!: Relation<Letter[]>;
  @ManyToMany(() => Label, (label) => label.templates, { cascade: true })
  @JoinTable({ name: 'template_label' })
  labels!: Relation<Label[]>;
}

/** Belongs to whom its template belongs. */
@Entity()
@TenantScoped({ via: 'template' })
class Part {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @Column() templateId!: number;
  @ManyToOne(() => Template, (template) => template.parts, { nullable: false, onDelete: 'CASCADE' })
  template!: Relation<Template>;
}

/** Has a tenant of its own, and may be written by any template. */
@Entity()
@TenantScoped()
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @Column({ type: Number, nullable: true }) templateId!: number | null;
  @ManyToOne(() => Template, (template) => template.letters, { cascade: ['insert', 'update'] })
  template!: Relation<Template> | null;
}

@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Label {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() name!: string;
  @ManyToMany(() => Template, (template) => template.labels) templates!: Relation<Template[]>;
}

@Entity()
@Tree('closure-table')
@TenantScoped({ nullMeans: 'shared' })
class Topic {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() name!: string;
  @TreeParent() parent!: Relation<Topic> | null;
  @TreeChildren() children!: Relation<Topic[]>;
}

@Entity()
@Tree('materialized-path')
@TenantScoped({ nullMeans: 'shared' })
class Folder {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() name!: string;
  @TreeParent() parent!: Relation<Folder> | null;
  @TreeChildren() children!: Relation<Folder[]>;
}

const ENTITIES = [Template, Part, Letter, Label, Topic, Folder];
const SHARED = 1;
const OWN = 2;

const sow = async ({ repo }: Annex): Promise<void> => {
  const owners = [null, 1, 2];
  const names = ['shared', 'acme', 'globex'];
  for (const [i, organizationId] of owners.entries()) {
    await repo(Template).insert({ organizationId, code: names[i], title: names[i], uses: 1 });
    await repo(Part).insert({ text: names[i], templateId: i + 1 });
    await repo(Label).insert({ organizationId, name: names[i] });
    await repo(Topic).save({ organizationId, name: names[i] });
    await repo(Folder).save({ organizationId, name: names[i] });
  }
  await repo(Letter).insert([
    { organizationId: 1, text: 'acme', templateId: OWN },
    { organizationId: 2, text: 'globex', templateId: SHARED },
  ]);
  const links = repo(Template).createQueryBuilder().relation('labels');
  await links.of(SHARED).add(SHARED);
  await repo(Template).insert({ organizationId: null, code: 'gone', title: 'gone', uses: 1 });
  await repo(Template).softDelete({ code: 'gone' });
};

/** Everything that is not Acme's own: shared rows, and rows of Globex. */
const others = async ({ repo, dataSource }: Annex): Promise<unknown> => {
  const foreign = [{ organizationId: IsNull() }, { organizationId: 2 }];
  return [
    await repo(Template).find({ where: foreign, withDeleted: true, order: { id: 'ASC' } }),
    await repo(Label).find({ where: foreign, order: { id: 'ASC' } }),
    await repo(Topic).find({ where: foreign, order: { id: 'ASC' }, relations: { parent: true } }),
    await repo(Folder).find({ where: foreign, order: { id: 'ASC' }, relations: { parent: true } }),
    await repo(Letter).find({ where: { organizationId: 2 }, order: { id: 'ASC' } }),
    await repo(Part).find({ where: { template: foreign }, order: { id: 'ASC' } }),
    await dataSource.query(
      'SELECT count(*) FROM template_label WHERE NOT EXISTS (SELECT 1 FROM label WHERE label.id = template_label.labelId AND label.organizationId = 1)'.replaceAll(
        /\b(\w+Id)\b/g,
        dataSource.driver.escape('$1'),
      ),
    ),
  ];
};

const plan = { entities: () => ENTITIES, acme, sow, globex: others };
const at = (id: number) => ({ id });

attacks('G-05 a row without a tenant', plan, {
  'is not changed by an update of its id': ({ repo }) => repo(Template).update(SHARED, { title: 'taken' }),
  'is not changed by an update of all rows': ({ repo }) => repo(Template).updateAll({ title: 'taken' }),
  'is not changed by an update of rows without a tenant': ({ repo }) =>
    repo(Template).update({ organizationId: IsNull() }, { title: 'taken' }),
  'is not changed by an increment': ({ repo }) => repo(Template).increment({ code: 'shared' }, 'uses', 1),
  'is not changed by a decrement': ({ repo }) => repo(Template).decrement({ code: 'shared' }, 'uses', 1),
  'is not changed by a query builder whose condition has an OR': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .update(Template)
      .set({ title: 'taken' })
      .where('id = :id OR 1 = 1', at(SHARED))
      .execute(),
  'is not changed by a query builder whose condition names the missing tenant': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .update(Template)
      .set({ title: 'taken' })
      .where(new Brackets((either) => either.where({ organizationId: IsNull() }).orWhere({ organizationId: 1 })))
      .execute(),
  'is not changed through a sub-query that reads it': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .update(Template)
      .set({ title: 'taken' })
      .where(`id IN (${dataSource.createQueryBuilder(Template, 't').select('t.id').getQuery()})`)
      .execute(),
  'is not changed by save of the row': ({ repo }) => repo(Template).save({ id: SHARED, title: 'taken' }),
  'is not changed by save of a row that was read': async ({ repo }) => {
    const template = await repo(Template).findOneByOrFail(at(SHARED));
    return repo(Template).save({ ...template, title: 'taken' });
  },
  'is not changed by save of a row that refers to it': async ({ repo }) => {
    const template = await repo(Template).findOneByOrFail(at(SHARED));
    return repo(Letter).save({ organizationId: 1, text: 'hello', template: { ...template, title: 'taken' } });
  },
  'is not taken over by save with a tenant': ({ repo }) => repo(Template).save({ id: SHARED, organizationId: 1 }),
  'is not taken over by an update of the tenant': ({ repo }) => repo(Template).update(SHARED, { organizationId: 1 }),
  'is not deleted by its id': ({ repo }) => repo(Label).delete(SHARED),
  'is not deleted with all rows': ({ repo }) => repo(Label).deleteAll(),
  'is not deleted by a query builder': ({ dataSource }) =>
    dataSource.createQueryBuilder().delete().from(Label).where({ organizationId: IsNull() }).execute(),
  'is not removed': async ({ repo }) => repo(Label).remove(await repo(Label).findOneByOrFail(at(SHARED))),
  'is not removed among own rows': async ({ repo }) => repo(Label).remove(await repo(Label).find()),
  'is not soft-deleted by its id': ({ repo }) => repo(Template).softDelete(SHARED),
  'is not soft-removed': async ({ repo }) =>
    repo(Template).softRemove(await repo(Template).findOneByOrFail(at(SHARED))),
  'is not restored by its id': ({ repo }) => repo(Template).restore({ code: 'gone' }),
  'is not recovered': async ({ repo }) =>
    repo(Template).recover(await repo(Template).findOneOrFail({ where: { code: 'gone' }, withDeleted: true })),
  'is not emptied away with its table': ({ repo }) => repo(Part).clear(),
  'is not made by an insert': ({ repo }) =>
    repo(Template).insert({ organizationId: null, code: 'mine', title: 'mine' }),
  'is not made by save': ({ repo }) => repo(Template).save({ organizationId: null, code: 'mine', title: 'mine' }),
  'is not made of an own row by an update': ({ repo }) => repo(Template).update(OWN, { organizationId: null }),
  'is not made of an own row by an SQL expression': ({ repo }) =>
    repo(Template).update(OWN, { organizationId: () => 'NULL' }),
  'is not made of an own row by save': ({ repo }) => repo(Template).save({ id: OWN, organizationId: null }),
  'is not changed by an upsert on its id': ({ repo }) =>
    repo(Template).upsert({ id: SHARED, code: 'shared', title: 'taken' }, ['id']),
  'is not changed by an upsert that names its code': ({ repo }) =>
    repo(Template).upsert({ organizationId: null, code: 'shared', title: 'taken' }, ['organizationId', 'code']),
  'is not changed through a common table expression': {
    attempt: ({ dataSource }) => {
      const read = dataSource.createQueryBuilder(Label, 't').where('t.id = :id', at(SHARED)).getQuery();
      const text = read.slice(read.indexOf(' FROM ')).replace(':id', String(SHARED));
      return dataSource
        .createQueryBuilder()
        .addCommonTableExpression(`DELETE${text} RETURNING 1`, 'gone')
        .select('1')
        .from('gone', 'gone')
        .getRawMany();
    },
    not: { sqljs: 'it deletes in no sub-query', mariadb: 'it deletes in no sub-query' },
  },
});

attacks('G-05 what belongs to a row without a tenant', plan, {
  'is not changed by an update': ({ repo }) => repo(Part).update({ templateId: SHARED }, { text: 'taken' }),
  'is not changed by save': ({ repo }) => repo(Part).save({ id: 1, text: 'taken' }),
  'is not deleted': ({ repo }) => repo(Part).delete({ templateId: SHARED }),
  'is not removed': async ({ repo }) => repo(Part).remove(await repo(Part).findOneByOrFail({ id: 1 })),
  'is not made by an insert': ({ repo }) => repo(Part).insert({ text: 'mine', templateId: SHARED }),
  'is not made by save of the row above it': ({ repo }) =>
    repo(Template).save({ id: SHARED, parts: [{ text: 'mine' }] }),
  'is not made by hanging an own row below it': ({ repo }) => repo(Part).update({ id: 2 }, { templateId: SHARED }),
  'is not made by a relation builder': ({ repo }) =>
    repo(Template).createQueryBuilder().relation('parts').of(SHARED).add(2),
  'is not taken below an own row': ({ repo }) => repo(Part).update({ id: 1 }, { templateId: OWN }),
  'is not taken below an own row by a relation builder': ({ repo }) =>
    repo(Template).createQueryBuilder().relation('parts').of(OWN).add(1),
});

attacks('G-05 a link of a row without a tenant', plan, {
  'to a shared row is not made': async ({ repo, dataSource }) =>
    dataSource
      .createQueryBuilder()
      .insert()
      .into('template_label')
      .values({ templateId: (await repo(Template).findOneByOrFail({ code: 'shared' })).id, labelId: SHARED })
      .execute()
      .then(
        () => 'globex',
        () =>
          repo(Template)
            .createQueryBuilder()
            .relation('labels')
            .of(SHARED)
            .remove(SHARED)
            .then(() => 'nothing'),
      ),
  'to a shared row is not deleted by a relation builder': ({ repo }) =>
    repo(Template).createQueryBuilder().relation('labels').of(SHARED).remove(SHARED),
  'to a shared row is not deleted from its other end': ({ repo }) =>
    repo(Label).createQueryBuilder().relation('templates').of(SHARED).remove(SHARED),
  'to a shared row is not deleted from the table of links': ({ dataSource }) =>
    dataSource.createQueryBuilder().delete().from('template_label').execute(),
  'to a shared row is not deleted by save': ({ repo }) => repo(Template).save({ id: SHARED, labels: [] }),
});

for (const entity of [Topic, Folder]) {
  attacks(`G-05 a node without a tenant of a ${entity === Topic ? 'closure table' : 'materialized path'}`, plan, {
    'is not hung below an own node': async ({ repo, dataSource }) => {
      const [node, parent] = [
        await repo(entity).findOneByOrFail(at(SHARED)),
        await repo(entity).findOneByOrFail(at(OWN)),
      ];
      return dataSource.getTreeRepository(entity).save({ ...node, parent });
    },
    'is not hung below an own node from above': async ({ repo, dataSource }) => {
      const [node, parent] = [
        await repo(entity).findOneByOrFail(at(SHARED)),
        await repo(entity).findOneByOrFail(at(OWN)),
      ];
      return dataSource.getTreeRepository(entity).save({ ...parent, children: [node] });
    },
    'is not renamed': ({ repo }) => repo(entity).save({ id: SHARED, name: 'taken' }),
    'is not removed': async ({ repo }) => repo(entity).remove(await repo(entity).findOneByOrFail(at(SHARED))),
  });
}
