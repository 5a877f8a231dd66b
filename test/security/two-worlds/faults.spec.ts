import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { FAULTS } from './faults.mjs';

it.each(FAULTS.map(({ name, changes }) => [name, changes] as const))(
  'the fault "%s" can still be put into the sources',
  (_, changes) => {
    for (const { file, from } of changes)
      expect([file, from, readFileSync(file, 'utf8').split(from).length - 1]).toEqual([file, from, 1]);
  },
);
