import { describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { declareScope } from 'nestjs-muck';
import { claim, NO_NUMBERS } from '../../support/claims.js';

/* What a client claims where tenants are large numbers: a key that is read wrongly is another tenant's. */

declareScope({ organizationId: BigInt });

describe('a tenant of large numbers that is claimed', () => {
  it.each([
    ['1', 1n],
    ['-7', -7n],
    ['9007199254740993', 9007199254740993n],
    ['9999999999999999999', 9999999999999999999n],
  ])('is read as it is: %s', async (text, organizationId) => {
    expect(await claim(text)).toEqual({ organizationId });
  });

  it.each(NO_NUMBERS)('is none: %j', async (text) => {
    expect(await claim(text)).toEqual(new BadRequestException('The request names no tenant.'));
  });
});
