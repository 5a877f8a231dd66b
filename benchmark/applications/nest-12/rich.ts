// An application that does more than to show columns: a getter, a transformed property and a global interceptor.
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Expose, Transform } from 'class-transformer';
import { tap, type Observable } from 'rxjs';
import { Ticket } from '../common/entities.js';

/** Whether the benchmark asks for that application. */
export const isRich = process.env['APPLICATION'] === 'rich';

/** As the decorators would do it within the class. */
export function enrichTickets(): void {
  const { prototype } = Ticket;
  Object.defineProperty(prototype, 'label', {
    get(this: Ticket) {
      return `${this.status}: ${this.subject}`;
    },
    configurable: true,
  });
  Expose()(prototype, 'label');
  Transform(({ value }: { value: string }) => Number(value), { toPlainOnly: true })(prototype, 'assigneeId');
}

/** Measures how long requests take, as many applications do. */
export class TimingInterceptor implements NestInterceptor {
  private milliseconds = 0;

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const start = performance.now();
    return next.handle().pipe(tap(() => (this.milliseconds += performance.now() - start)));
  }
}
