import { describe, expect, it } from '@jest/globals';
import type { ColumnMetadata } from '../../../../lib/common/peer-internals.js';
import { isCaseInsensitive } from '../../../../lib/orm/policy/collation.js';

describe('a column ignores case', () => {
  const column = (type: string, collation?: string) => ({ type, collation }) as ColumnMetadata;

  it.each([
    ['by its type', column('citext')],
    ['by its collation', column('text', 'NOCASE')],
    ['by its collation in lower case', column('text', 'nocase')],
  ])('%s', (_, metadata) => {
    expect(isCaseInsensitive(metadata)).toBe(true);
  });

  it.each([
    ['without a collation', column('text')],
    ['of another collation', column('text', 'BINARY')],
  ])('not %s', (_, metadata) => {
    expect(isCaseInsensitive(metadata)).toBe(false);
  });
});
