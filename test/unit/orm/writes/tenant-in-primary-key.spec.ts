import { describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import type { EntityMetadata, Relation } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import type { PolicyRegistry } from '../../../../lib/orm/policy/policy-registry.js';
import {
  setTenantsInGraph,
  setTenantsOfKeys,
  withTenantOfKey,
} from '../../../../lib/orm/writes/tenant-in-primary-key.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ organizationId: Number, branchId: Number });
const tenancy = new Tenancy();
const acme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1, branchId: 3 }, fn);

@Entity()
@TenantScoped({ omit: ['branchId'] })
class Document {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() id!: number;
  @OneToMany(() => Page, (page) => page.document) pages!: Relation<Page[]>;
}
@Entity()
@TenantScoped({ omit: ['branchId'] })
class Page {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() documentId!: number;
  @PrimaryColumn() number!: number;
  @ManyToOne(() => Document, (document) => document.pages)
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'documentId', referencedColumnName: 'id' },
  ])
  document!: Relation<Document>;
  @ManyToOne(() => Document) source!: Promise<Document>;
}
/** The tenant is no part of the key. */
@Entity()
@TenantScoped({ omit: ['branchId'] })
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Document) document!: Relation<Document>;
  @ManyToOne(() => Activity) activity!: Relation<Activity> | null;
}
@Entity()
@TenantScoped({ via: 'document' })
class Remark {
  @PrimaryColumn() id!: number;
  @PrimaryColumn() part!: number;
  @ManyToOne(() => Document, { nullable: false }) document!: Relation<Document>;
}
@Entity()
@TenantScoped({ columns: { organizationId: 'id' }, omit: ['branchId'] })
class Organization {
  @PrimaryColumn() id!: number;
}
/** Tenants have auto-increment keys. */
@Entity()
@TenantScoped({ columns: { organizationId: 'number' }, omit: ['branchId'] })
class Account {
  @PrimaryGeneratedColumn() number!: number;
  @PrimaryColumn() part!: number;
}
@Entity()
@TenantScoped({ omit: ['branchId'] })
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Activity {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() id!: number;
}
@ChildEntity()
class Call extends Activity {
  @ManyToOne(() => Document) document!: Relation<Document>;
}

/** Two tenant columns are parts of the key. */
@Entity()
@TenantScoped()
class Room {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() branchId!: number;
  @PrimaryColumn() number!: number;
}

type Type = new () => object;
const ENTITIES: Type[] = [Document, Page, Note, Remark, Organization, Account, Activity, Call, Room];

async function open(): Promise<{ of: (entity: Type) => EntityMetadata; policies: PolicyRegistry }> {
  const dataSource = await unconnected('postgres', ENTITIES);
  return { of: (entity) => dataSource.getMetadata(entity), policies: requireEnforcement(dataSource).policies };
}

describe('rows that leave out the tenant of their key', () => {
  it('get it from the scope, until that is taken back', async () => {
    const { of, policies } = await open();
    const rows = [{ id: 1 }, { id: 2, organizationId: 2 }, Object.freeze({ id: 3 })];
    const undo = acme(() => setTenantsOfKeys(of(Document), rows, policies));
    expect(rows).toEqual([{ id: 1, organizationId: 1 }, { id: 2, organizationId: 2 }, { id: 3 }]);
    undo();
    expect(rows).toEqual([{ id: 1, organizationId: undefined }, { id: 2, organizationId: 2 }, { id: 3 }]);
  });

  it('get the tenant of a table of tenants too', async () => {
    const { of, policies } = await open();
    const row = {};
    acme(() => setTenantsOfKeys(of(Organization), [row], policies));
    expect(row).toEqual({ id: 1 });
  });

  it.each([
    ['is no part of the key', Note],
    ['is told by another row', Remark],
    ['is counted by the database', Account],
  ] as const)('keep them where the tenant %s', async (_why, entity) => {
    const { of, policies } = await open();
    const row = {};
    const undo = acme(() => setTenantsOfKeys(of(entity), [row], policies));
    expect(row).toEqual({});
    undo();
    expect(row).toStrictEqual({});
  });

  it('keep them outside of a scope, and in a section that is unscoped for them', async () => {
    const { of, policies } = await open();
    const row = { id: 1 };
    setTenantsOfKeys(of(Document), [row], policies)();
    acme(() =>
      tenancy.unscoped('a test', { entities: [Document] }, () => setTenantsOfKeys(of(Document), [row], policies)),
    );
    expect(row).toEqual({ id: 1 });
  });
});

describe('rows with others that are loaded with them', () => {
  it('get their tenants, each once, by lists and by single rows', async () => {
    const { of, policies } = await open();
    const document: Record<string, unknown> = { id: 1 };
    const pages: { documentId: number; number: number; document?: unknown; organizationId?: number }[] = [
      { documentId: 1, number: 1 },
      { documentId: 1, number: 2, organizationId: 2, document },
    ];
    document['pages'] = [...pages, null, 7];
    const note = { document };
    const undo = acme(() => setTenantsInGraph(of(Note), [note, note], policies));
    expect(note).not.toHaveProperty('organizationId');
    expect(document['organizationId']).toBe(1);
    expect(pages.map(({ organizationId }) => organizationId)).toEqual([1, 2]);
    undo();
    expect(document['organizationId']).toBeUndefined();
    expect(pages.map(({ organizationId }) => organizationId)).toEqual([undefined, 2]);
  });

  it('get none where a key is given for the row, or nothing', async () => {
    const { of, policies } = await open();
    const key = new Date(0);
    acme(() => setTenantsInGraph(of(Note), [{ document: key, activity: null }], policies));
    expect(Object.keys(key)).toEqual([]);
  });

  it('are not looked for behind what is loaded when it is asked for', async () => {
    const { of, policies } = await open();
    const page = Object.assign(new Page(), { documentId: 1, number: 1 });
    const source = { id: 2 };
    Object.assign(page, { source, __source__: source, __has_source__: true });
    acme(() => setTenantsInGraph(of(Page), [page], policies));
    expect(page.organizationId).toBe(1);
    expect(source).toEqual({ id: 2 });
  });

  it('keep the tenant out of a key that is the tenant alone: a new row is no row of that key', async () => {
    const { of, policies } = await open();
    const organization = {};
    acme(() => setTenantsInGraph(of(Organization), [organization], policies));
    expect(organization).toEqual({});
  });

  it('have the relations of their own class', async () => {
    const { of, policies } = await open();
    const document = { id: 1 };
    const call = Object.assign(new Call(), { id: 1, document });
    acme(() => setTenantsInGraph(of(Activity), [call], policies));
    expect(call.organizationId).toBe(1);
    expect(document).toEqual({ id: 1, organizationId: 1 });
  });
});

describe('the key of a row', () => {
  const key = async (entity: Type, row: unknown, run: <R>(fn: () => R) => R = acme): Promise<unknown> => {
    const { of, policies } = await open();
    return run(() => withTenantOfKey(of(entity), row, policies));
  };

  it('that is a value names the only other column', async () => {
    expect(await key(Document, 5)).toEqual({ organizationId: 1, id: 5 });
    expect(await key(Room, 5)).toEqual({ organizationId: 1, branchId: 3, number: 5 });
    expect(await key(Document, 'a')).toEqual({ organizationId: 1, id: 'a' });
    const date = new Date(0);
    expect(await key(Document, date)).toEqual({ organizationId: 1, id: date });
    const bytes = Buffer.from('a');
    expect(await key(Document, bytes)).toEqual({ organizationId: 1, id: bytes });
  });

  it('that is a value names no row where there are several other columns', async () => {
    expect(await key(Page, 5)).toBe(5);
  });

  it('that is an object gets the tenant in a copy of its class', async () => {
    const row = Object.assign(new Document(), { id: 5 });
    const whole = await key(Document, row);
    expect(whole).toEqual(Object.assign(new Document(), { organizationId: 1, id: 5 }));
    expect(whole).toBeInstanceOf(Document);
    expect(row.organizationId).toBeUndefined();
    expect(await key(Page, { documentId: 1, number: 2 })).toEqual({ organizationId: 1, documentId: 1, number: 2 });
    expect(await key(Document, { organizationId: 2, id: 5 })).toEqual({ organizationId: 2, id: 5 });
  });

  it.each<[string, Type, unknown]>([
    ['names none', Document, null],
    ['is not given', Document, undefined],
    ['has no tenant', Note, 5],
    ['is the tenant', Organization, 5],
    ['is the tenant in an object', Organization, {}],
  ])('stays as it is if it %s', async (_why, entity, row) => {
    expect(await key(entity, row)).toBe(row);
  });

  it('stays as it is outside of a scope, and where nothing limits the entity', async () => {
    const row = { id: 5 };
    expect(await key(Document, row, (fn) => fn())).toBe(row);
    expect(await key(Document, row, (fn) => acme(() => tenancy.unscoped('a test', fn)))).toBe(row);
  });
});
