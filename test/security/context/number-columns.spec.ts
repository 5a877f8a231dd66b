import { describe, expect, it } from '@jest/globals';
import { declareScope } from 'nestjs-muck';
import type { ColumnOptions } from 'typeorm';
import { databasesToTest } from '../../support/databases.js';
import type { DatabaseKind } from '../../support/databases.js';
import { outcomeOf } from './tenant-columns.js';

declareScope({ tenant: Number });

const GREAT = 2 ** 53 - 1;
const VALUES = [0, 1, -1, 127, 128, 255, 999, 1000, 32_768, 16_777_216, 16_777_217, 2 ** 31, 2 ** 32, GREAT - 1, GREAT];
const REFUSED = 'refused';
const beyond = (least: number, greatest: number): number[] =>
  VALUES.filter((value) => value < least || value > greatest);

const COLUMNS: Readonly<
  Record<DatabaseKind, readonly (readonly [ColumnOptions, readonly number[] | typeof REFUSED])[]>
> = (() => {
  const postgres = [
    [{ type: 'int' }, beyond(-(2 ** 31), 2 ** 31 - 1)],
    [{ type: 'smallint' }, beyond(-32_768, 32_767)],
    [{ type: 'bigint' }, []],
    [{ type: 'numeric' }, []],
    [{ type: 'numeric', precision: 3, scale: 0 }, beyond(-999, 999)],
    [{ type: 'double precision' }, []],
    [{ type: 'real' }, REFUSED],
  ] as const;
  return {
    postgres: [...postgres, [{ type: 'numeric', precision: 3, scale: -1 }, REFUSED]],
    postgres15: postgres,
    mariadb: [
      [{ type: 'int' }, beyond(-(2 ** 31), 2 ** 31 - 1)],
      [{ type: 'int', unsigned: true }, beyond(0, 2 ** 32 - 1)],
      [{ type: 'tinyint' }, beyond(-128, 127)],
      [{ type: 'mediumint' }, beyond(-(2 ** 23), 2 ** 23 - 1)],
      [{ type: 'bigint' }, []],
      [{ type: 'decimal' }, beyond(-(10 ** 10), 10 ** 10 - 1)],
      [{ type: 'double' }, []],
      [{ type: 'float' }, REFUSED],
      [{ type: 'boolean' }, REFUSED],
    ],
    sqljs: [
      [{ type: 'int' }, []],
      [{ type: 'tinyint' }, []],
      [{ type: 'real' }, []],
      [{ type: 'numeric' }, []],
    ],
  };
})();

describe.each(databasesToTest())('G-01 G-02 a tenant column that holds numbers on %s', (kind) => {
  it.each(COLUMNS[kind])(
    'of the type %j keeps every value of its scope key exactly, or refuses it',
    async (column, expected) => {
      const { refused, invalid, confused } = await outcomeOf(kind, column, VALUES);
      expect(confused).toEqual([]);
      if (expected === REFUSED) expect(refused).toMatch(/Row .* tenant column/);
      else expect(invalid).toEqual(expected);
    },
  );
});
