import { describe, expect, it } from '@jest/globals';
import { filterBy, toFilters, toQuery, toSort } from 'nestjs-muck/client';
import type { Filters } from 'nestjs-muck/client';

interface Row {
  id: number;
  subject: string;
  priority: 'low' | 'high';
  big: bigint;
  note: string | null;
  assigneeId: number | null;
  createdAt: string;
  limit: number;
  tags: { name: string }[];
  assignee: { email: string } | null;
}

const written = (filters: Parameters<typeof toFilters<Row>>[0]): unknown => JSON.parse(toFilters<Row>(filters));

describe('toFilters', () => {
  it('writes conditions and groups as they are', () => {
    expect(
      written({
        subject__icontains: 'a',
        id__in: [1, 2],
        $or: [{ priority: 'high' }, { $not: { $and: [{ id: 3 }] } }],
      }),
    ).toEqual({
      subject__icontains: 'a',
      id__in: [1, 2],
      $or: [{ priority: 'high' }, { $not: { $and: [{ id: 3 }] } }],
    });
  });

  it('leaves out undefined, in groups too', () => {
    expect(written({ subject: undefined, $or: [{ id: undefined, subject: '' }] })).toEqual({ $or: [{ subject: '' }] });
    expect(toFilters<Row>({})).toBe('{}');
  });

  it('writes null as a null check', () => {
    expect(written({ note: null, 'assignee.email': 'x' })).toEqual({ note__is_null: true, 'assignee.email': 'x' });
    expect(written({ note__ne: null, assignee: null })).toEqual({ note__is_null: false, assignee__is_null: true });
    expect(written({ $and: [{ note: null, $not: { assigneeId__ne: null } }] })).toEqual({
      $and: [{ note__is_null: true, $not: { assigneeId__is_null: false } }],
    });
  });

  it('writes dates as texts in UTC and 64-bit integers as texts', () => {
    expect(written({ createdAt__between: [new Date(0), '2026-01-01'], big__gte: 2n ** 60n })).toEqual({
      createdAt__between: ['1970-01-01T00:00:00.000Z', '2026-01-01'],
      big__gte: '1152921504606846976',
    });
  });
});

describe('filterBy', () => {
  it('builds one object of conditions', () => {
    const filter = filterBy<Row>().where('priority', 'high').where('id', 'gte', 3).where('assignee', 'is_null', true);
    expect(filter.toJSON()).toEqual({ priority: 'high', id__gte: 3, assignee__is_null: true });
    expect(filter.toString()).toBe(JSON.stringify(filter));
    expect(toFilters<Row>(filter)).toBe(String(filter));
  });

  it('keeps two conditions on the same key', () => {
    const filter = filterBy<Row>().where('tags.name', 'a').where('tags.name', 'b').where('id', 1);
    expect(filter.toJSON()).toEqual({ $and: [{ 'tags.name': 'a' }, { 'tags.name': 'b' }, { id: 1 }] });
  });

  it('adds no condition for undefined, and no empty group', () => {
    expect(filterBy<Row>().where('id', undefined).where('id', 'gt', undefined).or().and({}).toJSON()).toStrictEqual({});
    const once = filterBy<Row>().and({}).where('id', 1).and({}).where('id', 2);
    expect(once.toJSON()).toEqual({ $and: [{ id: 1 }, { id: 2 }] });
  });

  it('takes other builders in groups', () => {
    const low = filterBy<Row>().where('priority', 'low');
    const filter = filterBy<Row>().or(low, { id: 1 }).not(low.where('id', 2)).and(low, { note: null });
    expect(filter.toJSON()).toEqual({
      $or: [{ priority: 'low' }, { id: 1 }],
      $not: { priority: 'low', id: 2 },
      priority: 'low',
      note__is_null: true,
    });
  });

  it('is not changed by what is built from it', () => {
    const base = filterBy<Row>().where('priority', 'low');
    base.where('id', 1);
    expect(base.toJSON()).toEqual({ priority: 'low' });
  });
});

describe('toQuery', () => {
  it('writes a condition as a parameter', () => {
    expect(
      toQuery<Row>({ filters: { priority__in: ['low', 'high'], id__gte: 2, note: null, createdAt__lt: new Date(0) } }),
    ).toEqual({
      priority__in: 'low,high',
      id__gte: '2',
      note__is_null: 'true',
      createdAt__lt: '1970-01-01T00:00:00.000Z',
    });
  });

  it('writes in filters what no parameter can express', () => {
    const { filters, ...others } = toQuery<Row>({
      filters: { id: 1, id__in: [], subject__in: ['a,b', 'c'], limit: 3, limit__gt: 2, $or: [{ id: 1 }] },
    });
    expect(others).toEqual({ id: '1', limit__gt: '2' });
    expect(JSON.parse(filters)).toEqual({ id__in: [], subject__in: ['a,b', 'c'], limit: 3, $or: [{ id: 1 }] });
  });

  it.each(['limit', 'offset', 'page', 'cursor', 'count', 'deleted', 'sort', 'filters', 'include', 'fields', 'search'])(
    'compares a column named %s in filters, since the parameter has a meaning of its own',
    (name) => {
      const filters = { [name]: 'x' } as Filters<Row>;
      expect(toQuery<Row>({ filters })).toEqual({ filters: JSON.stringify({ [name]: 'x' }) });
    },
  );

  it('writes the order and the page, without empty parameters', () => {
    expect(
      toQuery<Row>({ sort: ['-createdAt', 'id'], include: ['tags', 'assignee'], fields: ['id'], limit: 0, cursor: '' }),
    ).toEqual({ sort: '-createdAt,id', include: 'tags,assignee', fields: 'id', limit: '0', cursor: '' });
    expect(toQuery<Row>({ sort: [], search: '', include: [], limit: undefined, filters: {} })).toEqual({});
    expect(toQuery<Row>({ sort: '-id', search: 'a b', page: 2, count: 'none', deleted: 'only' })).toEqual({
      sort: '-id',
      search: 'a b',
      page: '2',
      count: 'none',
      deleted: 'only',
    });
  });

  it('sorts by keys', () => {
    expect(toSort<Row>('-createdAt', 'note__desc__nullslast')).toBe('-createdAt,note__desc__nullslast');
  });
});
