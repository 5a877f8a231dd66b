import { declareScope, TenantScoped } from 'nestjs-muck';
import {
  Column,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Tree,
  TreeChildren,
  TreeParent,
} from 'typeorm';
import { attacks, tenancy } from '../../../support/annex.js';

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };

/** Named by tenant and number. */
@Entity()
@TenantScoped()
class Desk {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() number!: number;
}
@Entity()
@TenantScoped()
class Shift {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() deskNumber!: number;
  @ManyToOne(() => Desk)
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'deskNumber', referencedColumnName: 'number' },
  ])
  desk!: Relation<Desk>;
}
@Entity()
@TenantScoped()
class Topic {
  @PrimaryColumn({ length: 20 }) key!: string;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class Article {
  @PrimaryColumn({ length: 20 }) key!: string;
  @Column() organizationId!: number;
  @ManyToMany(() => Topic) @JoinTable({ name: 'article_topic' }) topics!: Topic[];
  @ManyToOne(() => Topic, { nullable: true }) main!: Relation<Topic> | null;
  @OneToMany(() => Comment, (comment) => comment.article, { cascade: true, orphanedRowAction: 'delete' })
  comments!: Comment[];
}
@Entity()
@TenantScoped()
class Comment {
  @PrimaryColumn({ length: 20 }) key!: string;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @ManyToOne(() => Article, (article) => article.comments, { nullable: true }) article!: Relation<Article> | null;
}
@Entity()
@TenantScoped()
@Tree('closure-table')
class Branch {
  @PrimaryColumn({ length: 20 }) key!: string;
  @Column() organizationId!: number;
  @TreeParent() parent!: Branch | null;
  @TreeChildren({ cascade: true }) children!: Branch[];
}
@Entity()
@TenantScoped()
@Tree('materialized-path')
class Path {
  @PrimaryColumn({ length: 20 }) key!: string;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @TreeParent() parent!: Path | null;
  @TreeChildren({ cascade: true }) children!: Path[];
}

attacks(
  'G-06 a row of another tenant with a key that the application makes',
  {
    entities: () => [Desk, Shift, Topic, Article, Comment, Branch, Path],
    acme,
    sow: async ({ repo }) => {
      await repo(Desk).insert([
        { organizationId: 1, number: 1 },
        { organizationId: 2, number: 1 },
        { organizationId: 2, number: 2 },
      ]);
      await repo(Topic).insert([
        { key: 'key_own', organizationId: 1 },
        { key: 'key_globex', organizationId: 2 },
      ]);
      await repo(Article).insert([
        { key: 'key_own', organizationId: 1 },
        { key: 'key_globex', organizationId: 2 },
      ]);
      await repo(Comment).insert([
        { key: 'key_own', organizationId: 1, article: { key: 'key_own' } },
        { key: 'key_globex', organizationId: 2, article: { key: 'key_globex' } },
      ]);
      await tenancy.run({ organizationId: 2 }, async () => {
        await repo(Branch).save(repo(Branch).create({ key: 'key_globex', organizationId: 2 }));
        await repo(Path).save(repo(Path).create({ key: 'globex', organizationId: 2 }));
      });
    },
    globex: async ({ repo, dataSource }) => [
      await repo(Shift).findBy({ organizationId: 2 }),
      await repo(Article).find({
        where: { organizationId: 2 },
        relations: { topics: true, comments: true, main: true },
      }),
      await repo(Comment).findBy({ organizationId: 2 }),
      (await repo(Article).find({ relations: { topics: true, comments: true, main: true } })).filter((article) =>
        /globex/.test(JSON.stringify(article)),
      ),
      (await repo(Comment).find({ relations: { article: true } })).filter(
        ({ organizationId, article }) => article && article.organizationId !== organizationId,
      ),
      await dataSource
        .query('SELECT * FROM branch_closure')
        .then((rows: unknown[]) => rows.filter((row) => /globex/.test(JSON.stringify(row)))),
      await repo(Path).find({ relations: { parent: true } }),
    ],
  },
  {
    'is not linked by a save': async ({ repo }) => {
      const article = await repo(Article).findOneByOrFail({ key: 'key_own' });
      article.topics = [{ key: 'key_globex' } as Topic];
      return repo(Article).save(article);
    },
    'is not linked by a relation': ({ dataSource }) =>
      dataSource.createQueryBuilder().relation(Article, 'topics').of({ key: 'key_own' }).add({ key: 'key_globex' }),
    'is not referred to': ({ repo }) =>
      repo(Article).insert({ key: 'key_new', organizationId: 1, main: { key: 'key_globex' } }),
    'is not referred to by a save': async ({ repo }) => {
      const article = await repo(Article).findOneByOrFail({ key: 'key_own' });
      article.main = { key: 'key_globex' } as Topic;
      return repo(Article).save(article);
    },
    'is not taken by a cascade from its other side': async ({ repo }) => {
      const article = await repo(Article).findOneOrFail({ where: { key: 'key_own' }, relations: { comments: true } });
      article.comments.push({ key: 'key_globex', text: 'taken' } as Comment);
      return repo(Article).save(article);
    },
    'is not taken by a relation from its other side': ({ dataSource }) =>
      dataSource.createQueryBuilder().relation(Article, 'comments').of({ key: 'key_own' }).add({ key: 'key_globex' }),
    'does not lose what belongs to it': ({ repo }) =>
      repo(Article).save({ key: 'key_globex', organizationId: 2, comments: [] }),
    'does not get a child in a tree': ({ repo }) =>
      repo(Branch).save(
        repo(Branch).create({ key: 'key_child', organizationId: 1, parent: { key: 'key_globex' } as Branch }),
      ),
    'is not moved in a tree': async ({ repo }) => {
      await repo(Branch).save(repo(Branch).create({ key: 'key_root', organizationId: 1 }));
      return repo(Branch).save({ key: 'key_globex', parent: { key: 'key_root' } as Branch });
    },
    'is not taken as a child in a tree': ({ repo }) =>
      repo(Branch).save({ key: 'key_root', organizationId: 1, children: [{ key: 'key_globex' } as Branch] }),
    'does not get a child in a tree of paths': ({ repo }) =>
      repo(Path).save(repo(Path).create({ key: 'child', organizationId: 1, parent: { key: 'globex' } as Path })),
    'is not taken as a child in a tree of paths': ({ repo }) =>
      repo(Path).save({ key: 'root', organizationId: 1, children: [{ key: 'globex', text: 'taken' } as Path] }),
    'is not referred to by an exempt row of its tenant': ({ repo }) =>
      tenancy.unscoped('moves shifts', { entities: [Shift] }, () =>
        repo(Shift).insert({ organizationId: 2, deskNumber: 1 }),
      ),
    'is not referred to by an exempt row that is given as a row': ({ repo }) =>
      tenancy.unscoped('moves shifts', { entities: [Shift] }, () =>
        repo(Shift).insert({ organizationId: 2, desk: { organizationId: 2, number: 1 } }),
      ),
  },
);
