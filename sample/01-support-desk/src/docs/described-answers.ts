/** The form of an error, as the description of resources names it. */
export const ERROR = { $ref: '#/components/schemas/HttpError' };

/** The headers of each response to a signed-in user. */
export const PRIVATE = {
  'Cache-Control': { description: 'Shared caches must not store the response.', schema: { type: 'string' as const } },
};
