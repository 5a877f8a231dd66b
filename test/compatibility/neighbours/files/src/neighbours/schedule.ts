import assert from 'node:assert/strict';
import { Injectable } from '@nestjs/common';
import { Interval, ScheduleModule } from '@nestjs/schedule';
import { InjectRepository } from '@nestjs/typeorm';
import { Tenancy, TenantScopeMissingError } from 'nestjs-muck';
import { Repository } from 'typeorm';
import { ACME, GLOBEX, Note, within } from '../world.js';
import type { Neighbour } from '../world.js';

@Injectable()
class Jobs {
  ran = 0;
  withoutScope: unknown;
  constructor(
    private readonly tenancy: Tenancy,
    @InjectRepository(Note) private readonly notes: Repository<Note>,
  ) {}

  @Interval(50)
  async work(): Promise<void> {
    if (this.ran > 0) return;
    this.ran = 1;
    this.withoutScope = await this.notes.count().catch((error: unknown) => error);
    await this.tenancy.forEach([ACME, GLOBEX], ({ organizationId }) =>
      this.notes.insert({ noteText: `job ${organizationId}` }),
    );
    this.ran = 2;
  }
}

const neighbour: Neighbour = {
  packages: ['@nestjs/schedule'],
  attempts: {
    '@Interval(): a job begins outside of scopes, and works for two tenants by forEach': () =>
      within({ imports: [ScheduleModule.forRoot()], providers: [Jobs] }, async ({ app, texts }) => {
        const jobs = app.get(Jobs);
        for (let i = 0; i < 200 && jobs.ran < 2; i += 1) await new Promise((resolve) => setTimeout(resolve, 25));
        assert.ok(jobs.withoutScope instanceof TenantScopeMissingError);
        assert.deepEqual([await texts(ACME), await texts(GLOBEX)], [['job 1'], ['job 2']]);
      }),
  },
};
export default neighbour;
