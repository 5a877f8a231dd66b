import { defineConfig } from '@hey-api/openapi-ts';

export default defineConfig({
  input: './document.json',
  output: './src/hey-api',
  plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch', 'zod', '@tanstack/react-query'],
});
