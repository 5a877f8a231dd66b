/** A row as JSON text. */
export class SerializedRow {
  /**
   * @param json the row
   * @param identity an object with its key and version, like an entity
   */
  constructor(
    private readonly json: string,
    readonly identity: object,
  ) {}

  toObject(): object {
    return JSON.parse(this.json) as object;
  }
}

/**
 * The rows of a page as JSON text. Objects are made of them only when code looks at them.
 */
export class SerializedRows {
  private parsed: unknown[] | undefined;

  /** @param rows each row as JSON */
  constructor(private readonly rows: readonly string[]) {}

  get length(): number {
    return this.rows.length;
  }

  /** The rows as a JSON array; undefined once code has objects of them, which it may change. */
  get text(): string | undefined {
    return this.parsed === undefined ? `[${this.rows.join()}]` : undefined;
  }

  /** The rows as objects, the same ones each time. */
  get objects(): unknown[] {
    return (this.parsed ??= JSON.parse(`[${this.rows.join()}]`) as unknown[]);
  }
}

/** A response whose rows are JSON text until code looks at them. */
export interface LazyResponse {
  /** The object to send, like any other. Reading its `items` parses them. */
  readonly body: object;
  /** Returns the body as JSON; undefined if `JSON.stringify` must write it, because code has looked at its rows. */
  toText(): string | undefined;
}

/**
 * Returns the response for a page. Interceptors and hooks may read, change, wrap or copy its body.
 *
 * @param page whose `items` are the rows
 */
export function lazyResponse(page: object, rows: SerializedRows): LazyResponse {
  const body: Record<string, unknown> = { ...page };
  const read = (): unknown[] => rows.objects;
  Object.defineProperty(body, 'items', {
    configurable: true,
    enumerable: true,
    get: read,
    set: (value: unknown) => Object.defineProperty(body, 'items', { ...WRITABLE, value }),
  });
  return { body, toText: () => textOf(body, read, rows) };
}

const WRITABLE = { configurable: true, enumerable: true, writable: true };

function textOf(
  body: Readonly<Record<string, unknown>>,
  read: () => unknown,
  rows: SerializedRows,
): string | undefined {
  const text = Object.getOwnPropertyDescriptor(body, 'items')?.get === read ? rows.text : undefined;
  if (text === undefined || 'toJSON' in body) return undefined;
  const members: string[] = [];
  for (const key of Object.keys(body)) {
    const value = key === 'items' ? text : (JSON.stringify(body[key]) as string | undefined);
    if (value !== undefined) members.push(`${JSON.stringify(key)}:${value}`);
  }
  return `{${members.join()}}`;
}
