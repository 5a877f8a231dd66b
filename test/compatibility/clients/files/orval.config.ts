import { defineConfig } from 'orval';

export default defineConfig({
  desk: {
    input: './document.json',
    output: {
      target: './src/orval/desk.ts',
      schemas: './src/orval/model',
      client: 'fetch',
      override: { fetch: { explode: false } },
    },
  },
});
