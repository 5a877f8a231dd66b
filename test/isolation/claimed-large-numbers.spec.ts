import { describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { declareScope, tenantFromParam } from 'nestjs-muck';

/* What a client claims where tenants are large numbers: a key that is read wrongly is another tenant's. */

declareScope({ organizationId: BigInt });

const NO_NUMBERS = [
  '1e3',
  '0x1',
  '1.0',
  '+1',
  '--1',
  '-',
  '1 2',
  '1,2',
  '1n',
  'x1',
  '1x',
  '１',
  '10000000000000000000',
  '1\n2',
];

describe('a tenant of large numbers that is claimed', () => {
  const FromParam = tenantFromParam('tenant', { authorize: () => true });
  const claim = async (tenant: string): Promise<unknown> => {
    try {
      return await new FromParam().resolve(new ExecutionContextHost([{ params: { tenant } }]));
    } catch (error) {
      return error;
    }
  };

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
