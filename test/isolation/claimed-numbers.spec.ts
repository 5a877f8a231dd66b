import { describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { declareScope, tenantFromParam } from 'nestjs-muck';

/* What a client claims where tenants are numbers: a key that is read wrongly is another tenant's. */

declareScope({ organizationId: Number });

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

describe('a tenant of numbers that is claimed', () => {
  const FromParam = tenantFromParam('tenant', { authorize: () => true });
  const claim = async (tenant: string): Promise<unknown> => {
    try {
      return await new FromParam().resolve(new ExecutionContextHost([{ params: { tenant } }]));
    } catch (error) {
      return error;
    }
  };

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
