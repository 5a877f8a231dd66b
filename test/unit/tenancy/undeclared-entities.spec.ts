import { expect, it } from '@jest/globals';
import { Tenancy } from 'nestjs-muck';
import { noteUndeclaredEntities } from '../../../lib/tenancy/metadata/undeclared-entities.js';

it('an application knows its undeclared entities from its start on, each its own', () => {
  const [one, other] = [new Tenancy(), new Tenancy()];
  const found = [{ name: 'Ticket', proposal: '@TenantScoped()' }];
  expect(one.undeclaredEntities).toEqual([]);
  noteUndeclaredEntities(one, found);
  expect(one.undeclaredEntities).toEqual([{ name: 'Ticket', proposal: '@TenantScoped()' }]);
  expect(other.undeclaredEntities).toEqual([]);
  found.pop();
  expect(one.undeclaredEntities).toHaveLength(1);
  expect(Object.isFrozen(one.undeclaredEntities)).toBe(true);
});
