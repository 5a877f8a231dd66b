/** Tickets on a page of the list. */
const PAGE = 20;
export const STANDARD_SORT = '-updatedAt';

/** The filters, as the address and the form name them. */
export const FILTERS = ['search', 'status', 'priority', 'assignee', 'tag'];

/** What the API is asked. @param {URLSearchParams} query as the address has it */
export function parametersOf(query) {
  const parameters = new URLSearchParams({
    include: 'assignee,tags',
    sort: query.get('sort') ?? STANDARD_SORT,
    limit: String(PAGE),
    offset: query.get('offset') ?? '0',
  });
  for (const name of ['search', 'status', 'priority']) {
    if (query.has(name)) parameters.set(name, query.get(name));
  }
  if (query.get('assignee') === 'none') parameters.set('assigneeId__is_null', 'true');
  else if (query.has('assignee')) parameters.set('assigneeId', query.get('assignee'));
  if (query.has('tag')) parameters.set('tags.id', query.get('tag'));
  return parameters;
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
