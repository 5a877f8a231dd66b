import { describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { declareScope } from 'nestjs-muck';
import { claim, NO_NUMBERS } from '../../support/claims.js';

/* What a client claims where tenants are numbers: a key that is read wrongly is another tenant's. */

declareScope({ organizationId: Number });

describe('a tenant of numbers that is claimed', () => {
  it.each([
    ['1', 1],
    ['0', 0],
    ['-7', -7],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', -Number.MAX_SAFE_INTEGER],
  ])('is read as it is: %s', async (text, organizationId) => {
    expect(await claim(text)).toEqual({ organizationId });
  });

  it.each(['9007199254740992', '-9007199254740992', '9999999999999999999', ...NO_NUMBERS])(
    'is none: %j',
    async (text) => {
      expect(await claim(text)).toEqual(new BadRequestException('The request names no tenant.'));
    },
  );
});
