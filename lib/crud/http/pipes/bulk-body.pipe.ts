import type { PipeTransform } from '@nestjs/common';
import { badRequest, InvalidRequestException } from '../../errors/invalid-request.exception.js';
import { serverOwnedErrorsOnCreate } from '../../persistence/server-owned-fields.js';
import { requireRequest } from '../crud-request-context.js';
import { shownOnNewRow } from '../../persistence/non-column-values.js';
import { resolveParents } from '../require-parents.js';
import { mapCollectingErrors } from '../../errors/collect-element-errors.js';
import type { AcceptedBody } from '../../body/body-schema.js';
import type { Resource } from '../../resource/resource.js';

/** Validates a list of bodies, each with the rules of `create`. */
export class BulkBodyPipe implements PipeTransform {
  /**
   * @throws NotFoundException if a parent in the path is not visible
   * @throws BadRequestException if the body is not a list or too long, before any element is read; otherwise with all
   *   errors of all elements
   */
  async transform(body: unknown): Promise<object[]> {
    const call = requireRequest();
    await resolveParents(call);
    const { resource } = call;
    if (!Array.isArray(body)) throw badRequest(['the body must be a list of objects']);
    if (body.length > resource.maxBulkRows) {
      throw badRequest([`the list must not have more than ${resource.maxBulkRows} elements`]);
    }
    const read = await mapCollectingErrors(body as unknown[], (element) => readElement(resource, element));
    call.keepUndecided(read.map(({ undecided }) => undecided));
    return read.map((element) => element.body);
  }
}

async function readElement(resource: Resource, element: unknown): Promise<AcceptedBody> {
  const rules = resource.bodies.create;
  const read = await rules.read(element);
  const claims = resource.strictPayload
    ? [...serverOwnedErrorsOnCreate(resource, rules.claimsOf(element)), ...shownOnNewRow(read.undecided)]
    : [];
  if (claims.length > 0) throw new InvalidRequestException(claims);
  return read;
}
