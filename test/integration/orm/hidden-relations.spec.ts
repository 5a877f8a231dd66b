import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScoped } from 'nestjs-muck';
import { AfterLoad, Column, DataSource, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from 'typeorm';
import type { ObjectLiteral, Relation } from 'typeorm';
import { unsetHiddenRelations, markHiddenRelations } from '../../../lib/orm/writes/hidden-relations.js';
import { databasesToTest } from '../../support/databases.js';
import { Document, Label, Member, Note, openDeskDataSource, Reminder, Ticket } from '../../support/desk.js';
import { unconnected } from '../../support/unconnected.js';
import { ACME, tenancy } from '../../support/world.js';

/*
 * A relation that is null only because the scope cannot see its row must be left alone when the entity is saved. Which relations these
 * are is noted when entities are loaded.
 */

@Entity('linked_parent')
@TenantScoped()
class Parent {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @OneToMany(() => Child, (child) => child.parent, { cascade: ['insert'] }) children!: Relation<Child>[];

  /** As entities do that want to be walked in both directions. */
  @AfterLoad() link(): void {
    for (const child of this.children ?? []) child.parent = this;
  }
}

@Entity('linked_child')
@TenantScoped()
class Child {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Parent, (parent) => parent.children) parent!: Relation<Parent>;
}

class Care {
  @Column({ type: Number, nullable: true }) parentId!: number | null;
  @ManyToOne(() => Parent, { nullable: true }) parent!: Relation<Parent> | null;
  /** Its key has no property. */
  @ManyToOne(() => Parent, { nullable: true }) keeper!: Relation<Parent> | null;
}

@Entity('cared_for')
@TenantScoped()
class CaredFor {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column(() => Care) care!: Care;
  /** Not the embedded ones of that name. */
  @Column({ type: Number, nullable: true }) parentId!: number | null;
  @Column({ type: String, nullable: true }) keeper!: string | null;
}

class Visit {
  @ManyToOne(() => Parent, { nullable: true, lazy: true }) parent!: Promise<Parent | null>;
}

@Entity('visited')
@TenantScoped()
class Visited {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column(() => Visit) visit!: Visit;
}

describe('relations whose rows the scope cannot see', () => {
  let dataSource: DataSource;
  let embedding: DataSource;
  beforeAll(async () => {
    expect(databasesToTest()).not.toEqual([]);
    dataSource = await openDeskDataSource({ type: 'sqljs' });
    embedding = await unconnected('sqljs', [Parent, Child, CaredFor, Visited]);
  });
  afterAll(() => dataSource.destroy());

  const make = <T extends ObjectLiteral>(type: new () => T, values: ObjectLiteral): T =>
    Object.assign(new type(), values);
  const note = (root: ObjectLiteral): void => markHiddenRelations(dataSource.getMetadata(root.constructor), [root]);
  const forget = (root: ObjectLiteral): void => unsetHiddenRelations(dataSource.getMetadata(root.constructor), [root]);

  it('are left alone by a save: the key is there, and the row is not', () => {
    const ticket = make(Ticket, { id: 1, assigneeId: 7, assignee: null });
    note(ticket);
    forget(ticket);
    expect(ticket.assignee).toBeUndefined();
    expect(ticket.assigneeId).toBe(7);
  });

  it('are told from relations that name no row', () => {
    for (const assigneeId of [null, undefined]) {
      const ticket = make(Ticket, { id: 1, assigneeId, assignee: null });
      note(ticket);
      forget(ticket);
      expect(ticket.assignee).toBeNull();
    }
  });

  it('are told from relations that the application sets to null itself', () => {
    const seen = make(Ticket, { id: 1, assigneeId: 7, assignee: make(Member, { id: 7 }) });
    note(seen);
    seen.assignee = null;
    forget(seen);
    expect(seen.assignee).toBeNull();
    const made = make(Ticket, { id: 1, assigneeId: 7, assignee: null });
    forget(made);
    expect(made.assignee).toBeNull();
  });

  it('are told from other relations of the same entity', () => {
    const note1 = make(Note, { id: 1, ticketId: 5, ticket: null });
    const ticket = make(Ticket, { id: 1, assigneeId: 7, assignee: null, verdict: null, notes: [note1] });
    note(ticket);
    forget(ticket);
    expect(ticket).toMatchObject({ assignee: undefined, verdict: null });
  });

  it('are found wherever they are, and once the application has set one it counts', () => {
    const inside = make(Ticket, { id: 2, assigneeId: 8, assignee: null });
    const listed = make(Note, { id: 1, ticketId: 2, ticket: inside });
    const unseen = make(Note, { id: 2, ticketId: 9, ticket: null });
    const label = make(Label, { tickets: [make(Ticket, { id: 3, notes: [listed, unseen, null, 5] }), undefined] });
    note(label);
    const chosen = make(Member, { id: 9 });
    inside.assignee = chosen;
    forget(label);
    expect(inside.assignee).toBe(chosen);
    expect(unseen.ticket).toBeUndefined();
    inside.assignee = null;
    forget(make(Reminder, { ticket: inside }));
    expect(inside.assignee).toBeUndefined();
  });

  it('are not asked of a lazy relation, which would load it', () => {
    let asked = 0;
    const document = make(Document, { id: 'x' });
    Object.defineProperty(document, 'ticket', { get: () => void (asked += 1), configurable: true });
    note(document);
    forget(document);
    expect(asked).toBe(0);
  });

  it('are not asked of a lazy relation in a part that an entity does not have', () => {
    const visited = make(Visited, { id: 1 });
    for (const walk of [markHiddenRelations, unsetHiddenRelations])
      expect(() => walk(embedding.getMetadata(Visited), [visited])).not.toThrow();
    expect(visited).toEqual({ id: 1 });
  });

  it('are found in what leads back to itself', () => {
    const manager = make(Member, { id: 1, managerId: 3 });
    const report = make(Member, { id: 2, manager });
    manager.reports = [report];
    const ticket = make(Ticket, { id: 1, assignee: manager, notes: [make(Note, { ticketId: 4, ticket: null })] });
    manager.tickets = [ticket];
    note(ticket);
    forget(ticket);
    expect(ticket.notes[0].ticket).toBeUndefined();
  });

  it('are known by the key beside them, also in a part of an entity', () => {
    const metadata = embedding.getMetadata(CaredFor);
    const unseen = make(CaredFor, { id: 1, care: { parentId: 7, parent: null, keeper: null }, keeper: 'ada' });
    const none = make(CaredFor, { id: 2, care: { parentId: null, parent: null, keeper: null }, parentId: 7 });
    for (const walk of [markHiddenRelations, unsetHiddenRelations]) walk(metadata, [unseen, none]);
    expect(unseen.care).toEqual({ parentId: 7, parent: undefined, keeper: null });
    expect('parent' in none.care && none.care.parent).toBeNull();
  });

  it('are looked for where an entity links what it has loaded back to itself', async () => {
    const linked = await new DataSource({
      type: 'sqljs',
      entities: [Parent, Child],
      synchronize: true,
    }).initialize();
    try {
      await tenancy.run(ACME, async () => {
        const parents = linked.getRepository(Parent);
        const { id } = await parents.save({ children: [{}, {}] });
        const found = await parents.findOneOrFail({ where: { id }, relations: { children: true } });
        expect(found.children.map(({ parent }) => parent === found)).toEqual([true, true]);
      });
    } finally {
      await linked.destroy();
    }
  });
});
