import type { TenantName } from './model.js';
import type { Message } from '../../support/transport.js';

/*
 * What is done is plain data too. A text `{{7.id}}` in it represents what the response to step 7 had as its `id`, so that a sequence still makes
 * sense when steps are left out.
 */

export type Step = RequestStep | CallStep;

interface AnyStep {
  /** Other steps refer to it by this number. */
  readonly id: number;
  readonly tenant: TenantName;
  /** Whether it belongs to the last steps, which the tenants do at the same time, each one after the other. */
  readonly atOnce?: true;
  /** What the generators count. */
  readonly features: readonly string[];
}

export interface RequestStep extends AnyStep {
  readonly kind: 'request';
  readonly method: NonNullable<Message['method']>;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Whether it must be refused, with any status of 4xx. */
  readonly isBad?: true;
  /** The entity whose row an answer of 201 has made. */
  readonly creates?: string;
}

export interface CallStep extends AnyStep {
  readonly kind: 'call';
  readonly call: Call;
}

/** A chain of calls on an object of TypeORM: `[['find', {…}]]`. What starts with `$` in an argument is explained in `call-runner.ts`. */
export interface Call {
  readonly on: 'manager' | 'repository' | 'tree' | 'source' | 'record';
  readonly entity: string;
  readonly chain: Chain;
  /** Whether it runs in a transaction, which is committed or rolled back. */
  readonly transaction?: 'commit' | 'rollback';
}

export type Chain = readonly (readonly [method: string, ...args: unknown[]])[];

/** What a step refers to: the answer to another step, and a path in it. */
const REFERENCE = /\{\{(\d+)\.([\w.]+)\}\}/g;

/** The answers of one world that later steps refer to. */
export class Answers {
  private readonly values = new Map<number, unknown>();

  /** @param value a parsed body, with `etag` and `location` of the headers beside it */
  set(step: number, value: unknown): void {
    this.values.set(step, value);
  }

  /** Puts values in place of references. */
  resolve<T>(value: T): T {
    return this.resolved(value) as T;
  }

  private resolved(value: unknown): unknown {
    if (typeof value === 'string') {
      const [whole] = value.matchAll(REFERENCE);
      if (whole?.[0] === value) return this.read(Number(whole[1]), whole[2]) ?? 0;
      return value.replaceAll(REFERENCE, (_, step: string, path: string) => {
        const found = this.read(Number(step), path);
        return typeof found === 'string' || typeof found === 'number' ? encodeURIComponent(String(found)) : '0';
      });
    }
    if (Array.isArray(value)) return value.map((one) => this.resolved(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.resolved(one)]));
  }

  private read(step: number, path: string): unknown {
    return path
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], this.values.get(step));
  }
}
