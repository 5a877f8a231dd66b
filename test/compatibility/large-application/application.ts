import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Injectable,
  Module,
  NotFoundException,
  Param,
  Patch,
  Post,
  Put,
  UseGuards,
} from '@nestjs/common';
import type { CanActivate, DynamicModule, ExecutionContext, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, TenantScoped, tenantFromUser } from 'nestjs-muck';
import type { CrudOptions } from 'nestjs-muck';
import { DataSource, getMetadataArgsStorage } from 'typeorm';
import type { DataSourceOptions, ObjectLiteral } from 'typeorm';
import { declareCore } from './core.js';
import { Model } from './model.js';
import { declareModules, SlugSubscriber } from './modules.js';

/** The application's classes. They are made once for a process, as decorators register them for all of it. */
export const model = new Model();
declareCore(model);
declareModules(model);

/** What a DataSource needs besides its database. */
export const dataSourceOptions = {
  entities: model.entities,
  subscribers: [SlugSubscriber],
} satisfies Partial<DataSourceOptions>;

/** The header that says for which tenant a request is, in place of a session. */
export const TENANT_HEADER = 'x-tenant';

@Injectable()
class SignedInGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    request.user = { tenantId: request.headers[TENANT_HEADER] };
    return true;
  }
}

/** The path of an entity's resource. */
export function pathOf(entity: Type<object>): string {
  return `/${entity.name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}`;
}

/** Options of `@Crud` that an entity cannot do without: trees and views are not written by its statements. */
function optionsOf(entity: Type<object>): CrudOptions<object> | undefined {
  const { trees, tables } = getMetadataArgsStorage();
  if (trees.some(({ target }) => target === entity)) return { only: ['findAll', 'findOne', 'remove'] };
  if (tables.some(({ target, type }) => target === entity && type === 'view')) return { only: ['findAll', 'findOne'] };
  return undefined;
}

/** A controller for each entity, by `@Crud`. */
export function crudControllers(): Type<object>[] {
  return model.entities.map((entity) => {
    const controller = class extends CrudController<object> {};
    Object.defineProperty(controller, 'name', { value: `${entity.name}Controller` });
    const options = optionsOf(entity);
    if (options === undefined) Crud(entity)(controller);
    else Crud(entity, options)(controller);
    UseGuards(SignedInGuard)(controller);
    TenantScoped()(controller);
    Controller(pathOf(entity))(controller);
    return controller;
  });
}

/** A controller for each entity with the same six routes, as they are written without a library. */
export function plainControllers(): Type<object>[] {
  return model.entities.map((entity) => {
    @Controller(pathOf(entity))
    @UseGuards(SignedInGuard)
    class PlainController {
      constructor(private readonly dataSource: DataSource) {}

      @Get()
      findAll(): Promise<object[]> {
        return this.dataSource.getRepository<ObjectLiteral>(entity).find({ take: 20 });
      }

      @Get(':id')
      async findOne(@Param('id') id: string): Promise<object> {
        const row = await this.dataSource.getRepository<ObjectLiteral>(entity).findOneBy({ id });
        if (row === null) throw new NotFoundException();
        return row;
      }

      @Post()
      create(@Body() body: ObjectLiteral): Promise<object> {
        return this.dataSource.getRepository<ObjectLiteral>(entity).save(body);
      }

      @Put(':id')
      replace(@Param('id') id: string, @Body() body: ObjectLiteral): Promise<object> {
        return this.dataSource.getRepository<ObjectLiteral>(entity).save({ ...body, id });
      }

      @Patch(':id')
      update(@Param('id') id: string, @Body() body: ObjectLiteral): Promise<object> {
        return this.dataSource.getRepository<ObjectLiteral>(entity).save({ ...body, id });
      }

      @Delete(':id')
      @HttpCode(204)
      async remove(@Param('id') id: string): Promise<void> {
        await this.dataSource.getRepository<ObjectLiteral>(entity).delete(id);
      }
    }
    Object.defineProperty(PlainController, 'name', { value: `Plain${entity.name}Controller` });
    return PlainController;
  });
}

/**
 * The application as a module of Nest.
 *
 * @param parts `crud` serves every entity by `@Crud`, `plain` by controllers of its own, without the library
 */
export function applicationModule(database: object, parts: 'crud' | 'plain' | 'muck' | 'entities'): DynamicModule {
  const withLibrary = parts === 'crud' || parts === 'muck';
  const controllers = { crud: crudControllers, plain: plainControllers, muck: none, entities: none }[parts]();
  @Module({})
  class LargeApplication {}
  return {
    module: LargeApplication,
    imports: [
      TypeOrmModule.forRoot({ ...database, ...dataSourceOptions, retryAttempts: 0 }),
      TypeOrmModule.forFeature(model.entities),
      ...(withLibrary
        ? [MuckModule.forRoot({ scope: { tenantId: String }, resolver: tenantFromUser('tenantId') })]
        : []),
    ],
    controllers,
  };
}

function none(): Type<object>[] {
  return [];
}
