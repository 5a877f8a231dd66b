import type { ExecutionContext, PipeTransform } from '@nestjs/common';
import { requireRequest } from '../crud-request-context.js';
import { resolveParents } from '../require-parents.js';
import type { BodyRoute } from '../../options/crud-routes.js';

/** Validates the body of one route with the rules of the current controller. */
export class BodyPipe implements PipeTransform {
  constructor(private readonly route: BodyRoute) {}

  /**
   * @throws NotFoundException if a parent in the path is not visible
   * @throws BadRequestException with all validation errors
   */
  async transform(body: unknown): Promise<object> {
    const call = requireRequest();
    await resolveParents(call);
    const rules = call.resource.bodies[this.route];
    const read = await rules.read(isSent(call.context) ? body : undefined);
    call.setServerOwnedFields(rules.claimsOf(body));
    call.keepUndecided([read.undecided]);
    return read.body;
  }
}

/** Express parses an empty body as {}; PUT {} would reset every column. */
function isSent(context: ExecutionContext): boolean {
  const { headers } = context.switchToHttp().getRequest<{ readonly headers: Readonly<Record<string, unknown>> }>();
  return headers['content-length'] !== '0';
}
