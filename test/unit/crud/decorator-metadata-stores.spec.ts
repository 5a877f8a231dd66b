import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IsString } from 'class-validator';

const LIBRARY = join(import.meta.dirname, '../../../lib');

class Ruled {
  @IsString() name!: string;
}

const load = () => import('../../../lib/crud/resource/decorator-metadata-stores.js');

describe('the stores of decorators', () => {
  beforeEach(() => void jest.resetModules());
  afterEach(() => void jest.unstable_unmockModule('class-transformer/cjs/storage.js'));

  it('decoratorStoreProblems finds nothing where decorators and stores are of one copy', async () => {
    const { decoratorStoreProblems } = await load();
    const { IsString: rule } = await import('class-validator');
    class Told {
      name!: string;
    }
    rule()(Told.prototype, 'name');
    expect(decoratorStoreProblems([Told])).toEqual([]);
  });

  it('decoratorStoreProblems names a class whose rules are of another copy of class-validator', async () => {
    // Modules were reset: the library loads a copy of its own.
    const { decoratorStoreProblems } = await load();
    const [problem, ...others] = decoratorStoreProblems([class Plain {}, Ruled]);
    expect(others).toEqual([]);
    expect(problem).toContain('the rules of Ruled are stored in another copy of class-validator');
    expect(problem).toContain("external: ['nestjs-muck', 'class-transformer', 'class-validator']");
  });

  it('decoratorStoreProblems names class-transformer where its decorators write to another store', async () => {
    const { defaultMetadataStorage } = await import('class-transformer/cjs/storage.js');
    const MetadataStorage = defaultMetadataStorage.constructor as new () => typeof defaultMetadataStorage;
    jest.unstable_mockModule('class-transformer/cjs/storage.js', () => ({
      defaultMetadataStorage: new MetadataStorage(),
    }));
    const { decoratorStoreProblems } = await load();
    const [problem, ...others] = decoratorStoreProblems([]);
    expect(others).toEqual([]);
    expect(problem).toContain('class-transformer is loaded in two builds');
    expect(problem).toContain("external: ['nestjs-muck', 'class-transformer']");
  });

  it('decoratorStoreProblems names class-validator where its rules are in another store', async () => {
    const { decoratorStoreProblems } = await load();
    const { getMetadataStorage } = await import('class-validator');
    const rules = jest.spyOn(getMetadataStorage(), 'getTargetValidationMetadatas').mockReturnValue([]);
    try {
      expect(decoratorStoreProblems([])).toEqual([expect.stringContaining('class-validator is loaded in two builds')]);
    } finally {
      rules.mockRestore();
    }
  });
});

describe('the sources of the library', () => {
  // The command line is a program of its own, which no application bundles.
  const sources = readdirSync(LIBRARY, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !/^cli[\\/]/.test(name),
  );

  it.each(sources)(
    'lib/%s is without import.meta, createRequire and top-level await, so that bundlers take it',
    (name) => {
      const text = readFileSync(join(LIBRARY, name), 'utf8');
      expect(text).not.toMatch(/\bimport\.meta\b|\bcreateRequire\b|\brequire\(/);
      expect(text).not.toMatch(/^(?:(?:export )?(?:const|let) [^=]+= )?await /m);
    },
  );
});
