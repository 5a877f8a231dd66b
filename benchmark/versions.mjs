// @ts-check
import { readFileSync } from 'node:fs';

/** The versions of what is compared. @returns {Record<string, string>} */
export function installedVersions() {
  const names = ['@nestjs/core', 'typeorm', 'pg'];
  return Object.fromEntries(
    names.map((name) => [
      name,
      JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version,
    ]),
  );
}
