import type { ExecutionContext, PipeTransform } from '@nestjs/common';
import { requireRequest } from '../crud-request-context.js';
import { resolveParents } from '../require-parents.js';
import type { BodyRoute } from '../../options/crud-routes.js';

/** Checks the body of one route by the rules of the controller that is called. */
export class BodyPipe implements PipeTransform {
  constructor(private readonly route: BodyRoute) {}

  /**
   * @throws NotFoundException where the path names no parent
   * @throws BadRequestException with every problem there is
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

/** Some parsers make an object of nothing, and a replacement by that would empty the row. */
function isSent(context: ExecutionContext): boolean {
  const { headers } = context.switchToHttp().getRequest<{ readonly headers: Readonly<Record<string, unknown>> }>();
  return headers['content-length'] !== '0';
}
