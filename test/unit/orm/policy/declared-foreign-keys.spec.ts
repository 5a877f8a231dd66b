import { describe, expect, it } from '@jest/globals';
import {
  ChildEntity,
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { isReference, keysOfTable } from '../../../../lib/orm/policy/declared-foreign-keys.js';
import { unconnected } from '../../../support/unconnected.js';

type Type = new () => object;

/** Each key as `property → Entity by table.column > column`. */
async function keysOf(entities: readonly Type[], of: Type | string): Promise<string[]> {
  const dataSource = await unconnected('postgres', [...entities]);
  const keys = keysOfTable(dataSource.getMetadata(of)).map(({ property, target, columns }) => {
    const pairs = columns.map(
      ({ own, referenced }) => `${own.entityMetadata.name}.${own.databaseName} > ${referenced.databaseName}`,
    );
    return `${property} → ${target.name} by ${pairs.join(', ')}`;
  });
  return [...new Set(keys)].sort();
}

@Entity()
class Agent {
  @PrimaryGeneratedColumn() id!: number;
  @OneToMany(() => Note, (note) => note.agent) notes!: Relation<Note[]>;
  @OneToOne(() => Note, (note) => note.page) page!: Relation<Note>;
}
@Entity()
class Wall {
  @PrimaryColumn() house!: string;
  @PrimaryColumn() side!: string;
}
const WALL = [
  { name: 'house', referencedColumnName: 'house' },
  { name: 'side', referencedColumnName: 'side' },
];
@Entity()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Agent, (agent) => agent.notes) agent!: Relation<Agent>;
  @OneToOne(() => Agent, (agent) => agent.page) @JoinColumn() page!: Relation<Agent>;
  @Column() authorId!: number;
  @ManyToOne(() => Agent) author!: Relation<Agent>;
  @Column() house!: string;
  @ManyToOne(() => Wall) @JoinColumn(WALL) wall!: Relation<Wall>;
  @Column() @ForeignKey(() => Agent) editor!: number;
  @ManyToMany(() => Agent) @JoinTable({ name: 'note_reader' }) readers!: Relation<Agent[]>;
  @ManyToMany(() => Agent, { createForeignKeyConstraints: false })
  @JoinTable({ name: 'note_writer' })
  writers!: Relation<Agent[]>;
}

describe('the foreign keys of a table', () => {
  const entities = [Agent, Wall, Note];

  it('are those of relations to one row, and of single columns', async () => {
    expect(await keysOf(entities, Note)).toEqual([
      'agent → Agent by Note.agentId > id',
      // As the database checks it.
      'agent.id → Agent by Note.agentId > id',
      'authorId → Agent by Note.authorId > id',
      'editor → Agent by Note.editor > id',
      'house → Wall by Note.house > house, Note.side > side',
      'page → Agent by Note.pageId > id',
      'page.id → Agent by Note.pageId > id',
      'wall → Wall by Note.house > house, Note.side > side',
    ]);
    expect(await keysOf(entities, Agent)).toEqual([]);
  });

  it('are told as the entity declares them, and as the database checks them', async () => {
    const keys = keysOfTable((await unconnected('postgres', entities)).getMetadata(Note));
    expect(keys.filter(({ columns }) => columns[0].own.propertyName === 'authorId')).toHaveLength(2);
    expect(keys.filter(({ columns }) => columns[0].own.propertyName === 'editor')).toHaveLength(1);
  });

  it('are both sides of a junction table, whether the database checks them or not', async () => {
    expect(await keysOf(entities, 'note_reader')).toEqual([
      'agentId → Agent by note_reader.agentId > id',
      'noteId → Note by note_reader.noteId > id',
    ]);
    expect(await keysOf(entities, 'note_writer')).toEqual([
      'agentId → Agent by note_writer.agentId > id',
      'noteId → Note by note_writer.noteId > id',
    ]);
  });

  it('are both ends of a closure table', async () => {
    @Entity()
    @Tree('closure-table')
    class Topic {
      @PrimaryGeneratedColumn() id!: number;
      @TreeParent() parent!: Relation<Topic>;
      @TreeChildren() children!: Relation<Topic[]>;
    }
    expect(await keysOf([Topic], 'topic_closure')).toEqual([
      'id_ancestor → Topic by topic_closure.id_ancestor > id',
      'id_descendant → Topic by topic_closure.id_descendant > id',
    ]);
  });
});

describe('child entities of one table', () => {
  const SWAPPED = [
    { name: 'side', referencedColumnName: 'house' },
    { name: 'house', referencedColumnName: 'side' },
  ];
  const NO_CONSTRAINT = { createForeignKeyConstraints: false } as const;
  @Entity()
  class Document {
    @PrimaryGeneratedColumn() id!: number;
  }
  @Entity()
  @TableInheritance({ column: { type: 'varchar', name: 'kind' } })
  class Activity {
    @PrimaryGeneratedColumn() id!: number;
  }
  /** By one column rows of an entity that the kind tells, which the database cannot check; another reference is its own. */
  @ChildEntity()
  class Call extends Activity {
    @ManyToOne(() => Agent, NO_CONSTRAINT) @JoinColumn({ name: 'subject' }) caller!: Relation<Agent>;
    @ManyToOne(() => Wall, NO_CONSTRAINT) @JoinColumn(WALL) wall!: Relation<Wall>;
  }
  @ChildEntity()
  class Memo extends Activity {
    @ManyToOne(() => Document, NO_CONSTRAINT) @JoinColumn({ name: 'subject' }) document!: Relation<Document>;
    @ManyToOne(() => Document, NO_CONSTRAINT) copy!: Relation<Document>;
    @ManyToOne(() => Wall, NO_CONSTRAINT) @JoinColumn(SWAPPED) place!: Relation<Wall>;
  }
  @ChildEntity()
  class Letter extends Activity {}
  const entities = [Agent, Wall, Note, Document, Activity, Call, Memo, Letter];
  const CALLER = 'caller → Agent by Activity.subject > id';
  const COPY = 'copy → Document by Activity.copyId > id';
  const DOCUMENT = 'document → Document by Activity.subject > id';
  const WALLS = [
    'place → Wall by Activity.side > house, Activity.house > side',
    'wall → Wall by Activity.house > house, Activity.side > side',
  ];

  /** The columns as those of the table. */
  const inTable = (keys: readonly string[]): string[] =>
    keys.map((key) => key.replaceAll(/\b(?:Call|Memo|Letter)\./g, 'Activity.'));

  it('have keys of their siblings, except by columns that are keys of their own', async () => {
    expect(inTable(await keysOf(entities, Call))).toEqual([CALLER, COPY, WALLS[1]]);
    expect(inTable(await keysOf(entities, Memo))).toEqual([COPY, DOCUMENT, WALLS[0]]);
  });

  it('that have no such key have all, and so has the entity above', async () => {
    const all = [CALLER, COPY, DOCUMENT, ...WALLS];
    expect(inTable(await keysOf(entities, Letter))).toEqual(all);
    expect(await keysOf(entities, Activity)).toEqual(all);
  });

  it('have keys that the database checks, by whichever columns', async () => {
    @Entity()
    @TableInheritance({ column: { type: 'varchar', name: 'kind' } })
    class Event {
      @PrimaryGeneratedColumn() id!: number;
    }
    @ChildEntity()
    class Party extends Event {
      @ManyToOne(() => Agent, NO_CONSTRAINT) @JoinColumn({ name: 'subject' }) host!: Relation<Agent>;
    }
    @ChildEntity()
    class Sale extends Event {
      @ManyToOne(() => Document) @JoinColumn({ name: 'subject' }) paper!: Relation<Document>;
    }
    const targets = (await keysOf([Agent, Wall, Note, Document, Event, Party, Sale], Party)).map((key) =>
      key.replace(/.* → (\w+) .*/, '$1'),
    );
    expect([...new Set(targets)]).toEqual(['Agent', 'Document']);
  });
});

describe('two classes of one table', () => {
  @Entity('paper')
  class Paper {
    @PrimaryGeneratedColumn() id!: number;
    @ManyToOne(() => Agent) writer!: Relation<Agent>;
    @ManyToOne(() => Agent) reader!: Relation<Agent>;
  }
  @Entity('paper')
  class Sheet {
    @PrimaryGeneratedColumn() id!: number;
    @Column() writerId!: number;
    @Column() size!: number;
    @Column() house!: string;
    @ManyToOne(() => Wall) @JoinColumn(WALL) wall!: Relation<Wall>;
    @ManyToOne(() => Note, { createForeignKeyConstraints: false })
    @JoinColumn({ name: 'readerId' })
    note!: Relation<Note>;
  }
  const entities = [Agent, Wall, Note, Paper, Sheet];

  it('have the keys of each other, by their own columns where they have them', async () => {
    const keys = await keysOf(entities, Sheet);
    expect(keys).toContain('writer → Agent by Sheet.writerId > id');
    expect(keys).toContain('reader → Agent by Sheet.readerId > id');
    expect(keys).toContain('note → Note by Sheet.readerId > id');
    expect(await keysOf(entities, Paper)).toContain('note → Note by Paper.readerId > id');
    expect(await keysOf(entities, Paper)).toContain('wall → Wall by Sheet.house > house, Sheet.side > side');
  });

  it('know which of their columns refer to rows', async () => {
    const metadata = (await unconnected('postgres', entities)).getMetadata(Sheet);
    const referring = metadata.columns.filter((column) => isReference(metadata, column));
    expect(referring.map(({ propertyName }) => propertyName)).toEqual(['writerId', 'house', 'wall', 'note']);
  });
});
