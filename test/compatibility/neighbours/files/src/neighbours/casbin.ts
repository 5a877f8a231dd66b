import assert from 'node:assert/strict';
import { newEnforcer, newModelFromString } from 'casbin';
import { MuckModule, shared, tenantFromUser } from 'nestjs-muck';
import adapterPackage from 'typeorm-adapter';
import { ACME, GLOBEX, Note, within } from '../world.js';
import type { Neighbour } from '../world.js';

const { default: TypeORMAdapter, CasbinRule } = adapterPackage as unknown as {
  default: typeof import('typeorm-adapter').default;
  CasbinRule: typeof import('typeorm-adapter').CasbinRule;
};

const MODEL = `
[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act`;

const neighbour: Neighbour = {
  packages: ['casbin', 'typeorm-adapter'],
  attempts: {
    'TypeORMAdapter over the rules as a shared entity: policies of two tenants are stored, loaded and enforced in their scopes':
      () => {
        MuckModule.forRoot({
          scope: { organizationId: Number },
          resolver: tenantFromUser('organizationId'),
          entities: [shared(CasbinRule, 'access rules of the platform')],
        });
        return within({ entities: [Note, CasbinRule] }, async ({ dataSource, tenancy, notes, texts }) => {
          const adapter = await TypeORMAdapter.newAdapter({ connection: dataSource } as never);
          const enforcer = await newEnforcer(newModelFromString(MODEL), adapter);
          for (const scope of [ACME, GLOBEX]) {
            const domain = String(scope.organizationId);
            await tenancy.run(scope, async () => {
              await enforcer.addPolicy('writer', domain, 'note', 'write');
              await enforcer.addGroupingPolicy(`ann ${domain}`, 'writer', domain);
              if (await enforcer.enforce(`ann ${domain}`, domain, 'note', 'write'))
                await notes.save({ noteText: `by ann ${domain}` });
            });
          }
          const loaded = await newEnforcer(newModelFromString(MODEL), adapter);
          await tenancy.run(ACME, () => loaded.loadPolicy());
          assert.deepEqual((await loaded.getPolicy()).length, 2);
          assert.equal(await tenancy.run(ACME, () => loaded.enforce('ann 1', '1', 'note', 'write')), true);
          assert.equal(await tenancy.run(ACME, () => loaded.enforce('ann 1', '2', 'note', 'write')), false);
          await tenancy.run(ACME, () => loaded.removePolicy('writer', '1', 'note', 'write'));
          await tenancy.run(ACME, () => loaded.loadPolicy());
          assert.equal(await loaded.enforce('ann 1', '1', 'note', 'write'), false);
          assert.equal(await loaded.enforce('ann 2', '2', 'note', 'write'), true);
          assert.deepEqual([await texts(ACME), await texts(GLOBEX)], [['by ann 1'], ['by ann 2']]);
        });
      },
  },
};
export default neighbour;
