import type { Type } from '@nestjs/common';
import { crudMetadataOf } from '../crud/options/crud.metadata.js';
import { CrudController } from '../crud/crud.controller.js';
import type { Resource } from '../crud/resource/resource.js';
import { isCreatable, isRequired } from '../crud/model/resource-column.js';
import type { ResourceColumn } from '../crud/model/resource-column.js';
import { inheritedMethod } from '../crud/routing/inherited-handlers.js';

const CREATING = ['create', 'createMany'] as const;

/**
 * Finds create routes that respond to every body with a 400: bodies cannot set a required column, and it has no other
 * source. Such a source may be a hook, a `scope()` override, a listener, a subscriber or an override of the route
 * method.
 *
 * @returns problems in words
 */
export function validateRequiredColumns(controller: Type<object>, resource: Resource): string[] {
  const crud = crudMetadataOf(controller);
  if (crud === undefined || (crud.options.hooks ?? []).length > 0 || !isOfBase(controller, 'scope')) return [];
  const { metadata, dataSource } = resource;
  if (metadata.beforeInsertListeners.length > 0 || dataSource.subscribers.length > 0) return [];
  const routes = CREATING.filter((route) => crud.routes.includes(route) && isOfBase(controller, route));
  const missing = routes.length === 0 ? [] : missingColumns(resource);
  if (missing.length === 0) return [];
  const names = missing.map(({ property }) => property).join(', ');
  const { dto } = resource.bodies.create.form;
  return [
    `${controller.name}: ${routes.join(' and ')} of ${metadata.name} cannot succeed: ${names} must have a value, but ` +
      `${dto === undefined ? `the rules of ${metadata.name} leave` : `dto.create ${dto.name} leaves`} it out. Accept it in bodies, give the ` +
      `column a default, set it in a hook or in an override of ${routes[0]}(), or leave the route out: except: ['${routes[0]}'].`,
  ];
}

function isOfBase(controller: Type<object>, method: string): boolean {
  const own = (controller.prototype as Record<string, Function>)[method];
  return inheritedMethod(own) === (CrudController.prototype as unknown as Record<string, Function>)[method];
}

function missingColumns(resource: Resource): ResourceColumn[] {
  const { columns, parents, bodies } = resource;
  const { dto } = bodies.create.form;
  const made = [resource.entity, ...(dto === undefined ? [] : [dto])].map(instanceOf);
  const ofParents = new Set(parents?.columns.map(({ own }) => own.metadata.databaseName));
  const hasValue = ({ metadata }: ResourceColumn): boolean =>
    ofParents.has(metadata.databaseName) ||
    made.some((instance) => (metadata.getEntityValue(instance) ?? undefined) !== undefined);
  // Compared by database name, because one column of the table can have several ColumnMetadata.
  const given = new Set(
    columns
      .filter((column) => !isCreatable(column) || bodies.create.covers(column) || hasValue(column))
      .map(({ metadata }) => metadata.databaseName),
  );
  return columns.filter((column) => isRequired(column) && !given.has(column.metadata.databaseName));
}

/** Returns an instance with the initial values of its class; an empty object if the constructor throws. */
function instanceOf(type: Type<object>): object {
  try {
    return new type();
  } catch {
    return {};
  }
}
