// @ts-check

/**
 * Promises that are still owed: what they speak of does not exist yet, or no test has tried it.
 *
 * @type {readonly { promise: string, needs: string }[]}
 */
export const owed = [
  ...needing('kinds of owners', ['a row that says what kind of owner it has, and which, has an own one']),
  ...needing('rows written along in bodies', ['a row below another one in a body is stamped at any depth']),
];

/**
 * Promises that tests of other titles keep: of routes, and of row-level security.
 *
 * @type {readonly { promise: string, by: string }[]}
 */
export const covered = [
  ...by('test/compatibility/pgbouncer/run.mjs', ['the setting ends with its transaction, behind a pooler too']),
  ...by('test/security/row-level-security/policies.spec.ts', [
    "the driver's own connection shows own rows only",
    'a setting that was put back to nothing shows no rows and raises no error',
    'no policy takes an empty setting for all tenants',
    'a policy bounds what is written as well as what is read',
  ]),
  ...by('test/security/row-level-security/connections.spec.ts', [
    'a merged or preloaded row is read on the query runner of its caller',
    "a statement is sent in its caller's transaction, and rolled back with it",
    'a setting is used, not a change of the role',
    'a replica shows own rows only',
    'one of a hundred failures keeps no connection for itself',
    'two tenants at once on one connection throw, or each has its own setting outside of a transaction',
  ]),
  ...by('test/security/row-level-security/references.spec.ts', [
    'a foreign key that leaves the tenant column out is named at the start',
    'a parent takes no child of another tenant with it when it is deleted',
    'a cache of results is keyed by tenant, and the start warns that its table has no policies',
  ]),
  ...by('test/security/row-level-security/startup.spec.ts', [
    'a table or partition without a policy stops the start',
    'an owner of tables whom policies do not bind stops the start',
    'a role that policies do not bind stops the start',
    'a second policy does not widen the first',
    'a view that runs with the rights of a privileged owner stops the start',
    'functions that run with the rights of a privileged owner are listed at the start',
    'a section over all tenants needs a role of its own, and says so instead of finding nothing',
  ]),
  ...by('test/security/row-level-security/statements.spec.ts', [
    'a connection that is given back after an error holds no tenant',
    'a statement outside of a transaction has its tenant all the same, or throws',
    'the setting is there again after a COMMIT, and after a ROLLBACK TO',
    'no setting that a statement can make turns the policies off',
  ]),
  ...by('test/integration/crud/relations/many-to-many-ids-in-bodies.spec.ts', [
    'a list of keys in a body links own rows only, or is a 400',
    'a list of rows in a body changes own rows only, and the whole body is undone with one of them',
    'a list that is missing or empty in a body takes no row away unless that is declared',
  ]),
  ...by('test/integration/crud/writes/bulk.spec.ts', [
    'a hundred keys of which one is of another tenant change nothing, and the answer does not name it',
    'more rows than are allowed are a 400 before any of them is validated',
  ]),
  ...by('test/integration/crud/writes/preconditions.spec.ts', [
    'a version of a row of another tenant is a 404, not a conflict',
    'a tag of a row of another tenant is a 404, never a 304 or 412',
  ]),
  ...by('test/integration/crud/writes/restore.spec.ts', [
    'a deleted row of another tenant is restored by no other tenant, and a 404',
    'an own deleted row is a 404 for PUT and PATCH, not edited unseen',
  ]),
  ...by('test/integration/tenancy/resolvers.spec.ts', [
    'a request without a tenant is a 403, whatever the resolver gives instead of one',
    'a header never widens what a token says, and counts when it is there exactly once',
    'nothing that is called like a property of an object is a tenant',
  ]),
  ...by('test/integration/tenancy/support-desk-rows.spec.ts', [
    'each verb answers for a row of another tenant as for a missing one, byte for byte',
    'a tenant in a body has no effect',
    'a conflict names fields, no value and no tenant',
  ]),
  ...by('test/integration/tenancy/overlapping-requests.spec.ts', [
    'requests that overlap, share a connection or a socket are never mixed',
  ]),
  ...by('test/integration/crud/lists/pages.spec.ts', [
    'tenant columns, hidden columns and undeclared paths are neither filtered, sorted nor searched by',
    'a direction of sorting is one of two words',
    'a parameter is given once, as text',
    'limits and offsets are whole numbers within bounds',
    'wildcards in a search are taken literally',
    'deleted rows are not to be asked for',
    'an answer is private to who asked',
  ]),
  ...by('test/integration/crud/lists/includes.spec.ts', [
    'an include leads to own rows only on each level, and nowhere that it is not declared',
    'an include of a row of another tenant is null, and the own row stays',
    'a field that is asked for by name is a declared one',
    'more includes than are allowed are a 400, and none multiplies the rows of another',
  ]),
  ...by('test/integration/crud/lists/cursors.spec.ts', [
    'a forged cursor shows own rows only, and one that cannot be read is a 400',
  ]),
  ...by('test/integration/crud/writes/bodies.spec.ts', [
    'a body with a prototype, nested too deep, or with an object for a value is a 400',
    'a body is checked by columns where there is no DTO, whatever the pipe of the application does',
    'a tenant in a body is a 400 where that is asked for, in each of its spellings',
    'a key in a body never becomes the key of a row',
  ]),
  ...by('test/integration/crud/routes/resource.spec.ts', [
    'PUT on a key of another tenant creates nothing',
    'a key that is no key of the column reads as missing',
    'a reference to a row of another tenant is a 400 as one to a missing row',
    'what all tenants share is written only by routes that are named',
    'what is answered after a write is read within the scope',
  ]),
  ...by('test/integration/crud/relations/trees.spec.ts', [
    'a parent in a tree is an own row, not the row itself and no row below it',
  ]),
  ...by('test/integration/crud/relations/nested.spec.ts', [
    'a list below a parent of another tenant is a 404, not an empty list',
  ]),
  ...by('test/integration/crud/relations/one-to-one.spec.ts', [
    'a row is found below its own parent only, and not taken over by another one-to-one relation',
  ]),
  ...by('test/integration/crud/routes/overrides.spec.ts', [
    'a route that an application overrides stays inside the scope',
    'an error of the database never reaches an answer',
  ]),
  ...by('test/integration/openapi/resources.spec.ts', [
    'examples and enumerations come from metadata, never from rows',
  ]),
  ...by('test/integration/startup/startup-problems.spec.ts', [
    'a controller over all tenants is listed at the start, and warned about where no guard stands before it',
  ]),
];

/**
 * @param {string} needs
 * @param {readonly string[]} promises
 */
function needing(needs, promises) {
  return promises.map((promise) => ({ promise, needs }));
}

/**
 * @param {string} file
 * @param {readonly string[]} promises
 */
function by(file, promises) {
  return promises.map((promise) => ({ promise, by: file }));
}
