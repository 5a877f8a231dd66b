import { describe, expect, it } from '@jest/globals';
import { declareScope, MuckConfigurationError, Tenancy } from 'nestjs-muck';
import { validateScope, getScopeDeclaration } from '../../../lib/tenancy/context/tenant-scope.js';

/*
 * A process in which no scope is declared: each attempt here to declare one fails.
 */

const SCOPE = { region: 'north' };

describe('the declaration of a scope', () => {
  const opened = (): unknown => new Tenancy().run(SCOPE, () => 'ran');

  it('must be there before a scope is opened', () => {
    for (const attempt of [getScopeDeclaration, () => validateScope(SCOPE), opened]) {
      expect(attempt).toThrow(MuckConfigurationError);
      expect(attempt).toThrow('no tenant scope is declared in this process');
    }
  });

  it('has keys, of known types, or nothing is declared', () => {
    expect(() => declareScope({})).toThrow('the scope has no keys');
    for (const type of [Date, Boolean, Object, Symbol, 'number', undefined, null]) {
      expect(() => declareScope({ region: String, account: type as never })).toThrow(
        "the scope key 'account' has an unknown type. Use Number, String or BigInt",
      );
    }
    expect(getScopeDeclaration).toThrow(MuckConfigurationError);
  });
});
