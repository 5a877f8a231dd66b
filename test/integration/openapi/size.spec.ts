import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { createResourceDocument } from 'nestjs-muck/openapi';
import type { DescribeOptions } from 'nestjs-muck/openapi';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';
import { Contract } from './contract.js';
import { manyResources } from './many-resources.js';

const MEGABYTE = 1_000_000;

describe('the document of 150 resources with 20 columns each', () => {
  let application: ScopedApplication;
  const describeAll = (options: DescribeOptions) =>
    createResourceDocument(application.app, { title: 'Parts', version: '1' }, options);

  beforeAll(async () => {
    application = await openScopedApplication(manyResources(150));
  });
  afterAll(() => application?.close());

  it('is valid, and smaller than a megabyte with basic operators', async () => {
    const document = describeAll({ operators: 'basic' });
    expect(Object.keys(document.paths)).toHaveLength(300);
    expect(Object.keys(document.components.schemas['Part7'].properties ?? {})).toHaveLength(20);
    expect(Buffer.byteLength(JSON.stringify(document))).toBeLessThan(MEGABYTE);
    expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
  });

  it('refers to components for what the resources have in common', () => {
    const { paths, components } = describeAll({ operators: 'basic' });
    const used = new Set(JSON.stringify(paths).match(/(?<=#\/components\/)(parameters|responses|headers)\/[^"]+/g));
    const named = (['parameters', 'responses', 'headers'] as const).flatMap((kind) =>
      Object.keys(components[kind]).map((name) => `${kind}/${name}`),
    );
    const inResponses = JSON.stringify(components.responses).match(/(?<=#\/components\/)headers\/[^"]+/g) ?? [];
    expect([...used, ...inResponses].sort()).toEqual(expect.arrayContaining(named.sort()));
    expect(named).toEqual(expect.arrayContaining(['parameters/limit', 'responses/NotFound', 'headers/Link']));
  });

  it('has keys, flags, enums and short texts to filter by with basic operators, and the others in filters', () => {
    const { operation } = new Contract(describeAll({ operators: 'basic' })).operation('get', '/part7s');
    expect(operation.parameters.map(({ name }) => name)).toEqual([
      ...['cursor', 'limit', 'offset', 'page', 'count', 'sort', 'filters'],
      ...['id', 'status', 'isActive', 'part7Code', 'part7Kind', 'part7IsLocked'],
    ]);
    expect(operation.parameters.find(({ name }) => name === 'filters')).toMatchObject({
      schema: { type: 'string', contentMediaType: 'application/json' },
      example: '{"status":"draft"}',
    });
    expect(Object.keys(operation.responses)).toEqual(['200', '400', 'default']);
  });

  it('describes a new row as a change with required properties, with basic operators', () => {
    const { components } = describeAll({ operators: 'basic' });
    expect(components.schemas['CreatePart7']).toEqual({
      type: 'object',
      allOf: [{ $ref: '#/components/schemas/UpdatePart7' }],
      required: ['name', 'part7Code', 'part7Title', 'part7Count', 'part7Kind', 'part7StartsAt'],
    });
    expect(describeAll({}).components.schemas['CreatePart7']).toMatchObject({
      properties: { name: { type: 'string' } },
    });
  });
});
