/** A resource as the generator knows it: what can be asked of it, and what its bodies look like. */
export interface FuzzedResource {
  readonly path: string;
  /** Columns that a filter may name, with what their values are like. */
  readonly filter: Readonly<Record<string, Sort>>;
  readonly sort: readonly string[];
  /** Fields of a body. */
  readonly body: Readonly<Record<string, Sort>>;
  /** Fields without which there is no new row. */
  readonly required: readonly string[];
}

/** What the values of a column are like. */
export type Sort =
  | 'text'
  | 'status'
  | 'int'
  | 'small'
  | 'counter'
  | 'bigint'
  | 'decimal'
  | 'float'
  | 'boolean'
  | 'day'
  | 'instant'
  | 'color'
  | 'uuid'
  | 'json'
  | 'list'
  | 'agent';

export const RESOURCES: readonly FuzzedResource[] = [
  {
    path: '/tickets',
    filter: {
      id: 'int',
      orderNumber: 'int',
      subject: 'text',
      status: 'status',
      note: 'text',
      assigneeId: 'agent',
      version: 'int',
      createdAt: 'instant',
      'assignee.name': 'text',
      'assignee.tickets.subject': 'text',
    },
    sort: ['id', 'orderNumber', 'subject', 'status', 'note', 'createdAt', 'assignee.name'],
    body: { orderNumber: 'counter', subject: 'text', status: 'status', note: 'text', assigneeId: 'agent' },
    required: ['orderNumber', 'subject'],
  },
  {
    path: '/specimens',
    filter: {
      id: 'uuid',
      code: 'text',
      small: 'small',
      big: 'bigint',
      price: 'decimal',
      weight: 'float',
      done: 'boolean',
      day: 'day',
      at: 'instant',
      color: 'color',
      reference: 'uuid',
      euros: 'small',
      meta: 'json',
      tags: 'list',
      'keeper.name': 'text',
    },
    sort: ['code', 'small', 'big', 'price', 'weight', 'done', 'day', 'at', 'color', 'reference', 'keeper.name'],
    body: {
      code: 'text',
      small: 'small',
      big: 'bigint',
      price: 'decimal',
      weight: 'float',
      done: 'boolean',
      day: 'day',
      at: 'instant',
      color: 'color',
      reference: 'uuid',
      euros: 'small',
      meta: 'json',
      tags: 'list',
      keeper: 'agent',
    },
    required: [],
  },
];
