import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { tenantFromParam } from 'nestjs-muck';

/** Texts that are no whole number, whatever a lenient reader makes of them. */
export const NO_NUMBERS = [
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

const FromParam = tenantFromParam('tenant', { authorize: () => true });

/** What becomes of a tenant that a path claims: its scope, or the error that refuses it. */
export async function claim(tenant: string): Promise<unknown> {
  try {
    return await new FromParam().resolve(new ExecutionContextHost([{ params: { tenant } }]));
  } catch (error) {
    return error;
  }
}
