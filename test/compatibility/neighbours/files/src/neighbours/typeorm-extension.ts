import assert from 'node:assert/strict';
import { runSeeders, setSeederFactory } from 'typeorm-extension';
import type { Seeder, SeederFactoryManager } from 'typeorm-extension';
import type { DataSource } from 'typeorm';
import { ACME, GLOBEX, Note, within } from '../world.js';
import type { Neighbour } from '../world.js';

const noteFactory = setSeederFactory(Note, () => Object.assign(new Note(), { noteText: 'made by a factory', rank: 3 }));

class NoteSeeder implements Seeder {
  async run(dataSource: DataSource, factories: SeederFactoryManager): Promise<void> {
    await dataSource.getRepository(Note).insert({ noteText: 'seeded' });
    await factories.get(Note).saveMany(2);
  }
}

const neighbour: Neighbour = {
  packages: ['typeorm-extension'],
  attempts: {
    'runSeeders(): seeders and factories make rows of two tenants, each in its scope': () =>
      within({}, async ({ dataSource, tenancy, texts }) => {
        for (const scope of [ACME, GLOBEX])
          await tenancy.run(scope, () => runSeeders(dataSource, { seeds: [NoteSeeder], factories: [noteFactory] }));
        for (const scope of [ACME, GLOBEX])
          assert.deepEqual(await texts(scope), ['seeded', 'made by a factory', 'made by a factory']);
      }),
  },
};
export default neighbour;
