/** Tickets on a page of the list. */
const PAGE = 20;
export const STANDARD_SORT = '-updatedAt';

/** The address keeps what is asked for, so that a page can be reloaded, shared with a colleague and gone back to. */
export const FILTERS = ['search', 'status', 'priority', 'assignee', 'tag'];

/** What the API is asked. */
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
