import { describe, expect, it } from '@jest/globals';
import { attempt, isInstance, nameOf, safeRead } from '../../../lib/common/safe-read.js';

class Named {
  static kind = 'static';
}
const failing = {
  get name(): string {
    throw new Error('not to be read');
  },
};
const { proxy: revoked, revoke } = Proxy.revocable(class {}, {});
revoke();

describe('what an application has made', () => {
  it.each<[string, unknown, string, unknown]>([
    ['an object', { a: 1 }, 'a', 1],
    ['a class', Named, 'kind', 'static'],
    ['an object without the property', {}, 'a', undefined],
    ['nothing', null, 'a', undefined],
    ['undefined', undefined, 'a', undefined],
    ['a text, which has no properties of the application', 'text', 'length', undefined],
    ['an object whose getter throws', failing, 'name', undefined],
    ['a revoked proxy', revoked, 'name', undefined],
  ])('is read as far as it lets itself be read: %s', (_what, value, key, read) => {
    expect(safeRead(value, key)).toBe(read);
  });

  it('is an instance of a class if it tells so', () => {
    expect(isInstance(new Named(), Named)).toBe(true);
    expect(isInstance({}, Named)).toBe(false);
    expect(isInstance(revoked, Named)).toBe(false);
  });

  it.each<[string, unknown, string]>([
    ['a class', Named, 'Named'],
    ['a class without a name', class {}, 'a class without a name'],
    ['an object', { name: 7 }, 'a class without a name'],
    ['nothing', undefined, 'a class without a name'],
    ['an object whose getter throws', failing, 'a class without a name'],
  ])('has a name for messages: %s', (_what, type, name) => {
    expect(nameOf(type)).toBe(name);
  });

  it('is as good as none if its reading throws', () => {
    expect(attempt(() => 1, 2)).toBe(1);
    expect(attempt(() => failing.name, 'none')).toBe('none');
  });
});
