/** The form of an error, as the description of resources names it. */
export const ERROR = { $ref: '#/components/schemas/Error' };

/** What each answer to somebody who is signed in has. */
export const PRIVATE = {
  'Cache-Control': { description: 'Shared caches must not store the response.', schema: { type: 'string' as const } },
};
