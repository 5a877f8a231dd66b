/** What is served beside the API, outside `/api`. */
export const PUBLIC_ROUTES = ['/', 'terminal', 'assets/:name', 'assets/:folder/:name', 'health'];
