// @ts-check
// What the application's files import of the library, doing nothing: for starts without it.
const decorate = () => () => {};
export const TenantScoped = decorate;
export const TenantShared = decorate;
export const Crud = decorate;
export class CrudController {}
export const MuckModule = { forRoot: () => ({ module: class {} }) };
export const tenantFromUser = () => class {};
