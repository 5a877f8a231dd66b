import { toQuery } from '/assets/client/index.js';

/** Tickets on a page of the list. */
const PAGE = 20;
export const STANDARD_SORT = '-updatedAt';

/** The filters, as the address and the form name them. */
export const FILTERS = ['search', 'status', 'priority', 'assignee', 'tag'];

/** What the API is asked. @param {URLSearchParams} query as the address has it */
export function parametersOf(query) {
  const given = (name) => query.get(name) ?? undefined;
  const assignee = given('assignee');
  const parameters = toQuery({
    filters: {
      status: given('status'),
      priority: given('priority'),
      // Without an assignee, the column is null.
      assigneeId: assignee === 'none' ? null : assignee,
      'tags.id': given('tag'),
    },
    search: given('search'),
    include: ['assignee', 'tags'],
    sort: given('sort') ?? STANDARD_SORT,
    limit: PAGE,
    offset: given('offset'),
  });
  return new URLSearchParams(parameters);
}

/**
 * @param {URLSearchParams} query
 * @param {Record<string, string>} changes empty: no longer asked for
 * @returns {URLSearchParams} the query with the changes, from its first page unless they say otherwise
 */
export function changedQuery(query, changes) {
  const changed = new URLSearchParams(query);
  changed.delete('offset');
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') changed.delete(name);
    else changed.set(name, value);
  }
  return changed;
}

/** @param {URLSearchParams} query */
export function addressOf(query) {
  return query.size > 0 ? `#/?${query}` : '#/';
}
