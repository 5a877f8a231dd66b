/** What the platform has told everyone, oldest first. */
export const NEWS = [
  { text: 'Welcome to the support desk.', publishedAt: new Date('2026-01-02T09:00:00Z') },
  { text: 'Tickets can be sorted by priority.', publishedAt: new Date('2026-01-09T09:00:00Z') },
  { text: 'Maintenance on Sunday from 02:00 to 03:00 UTC.', publishedAt: new Date('2026-01-16T09:00:00Z') },
  { text: 'Tags have arrived: every organization makes its own.', publishedAt: new Date('2026-01-23T09:00:00Z') },
  { text: 'Search finds words in subjects, in any case.', publishedAt: new Date('2026-01-30T09:00:00Z') },
];
