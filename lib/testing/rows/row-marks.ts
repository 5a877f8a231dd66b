import type { ScopeValue, TenantScope } from '../../tenancy/context/tenant-scope.js';
import { readResponse, stringsIn } from '../http/response-text.js';
import type { Exchange } from '../http/test-client.js';
import { describeRow } from './stored-row.js';
import type { StoredRow } from './stored-row.js';

/** Texts shorter than this appear in responses by chance. */
const MIN_LENGTH = 5;
const NUMBER = /^[\d\s.,:+-]+$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\d([T ]|$)/;

/** Proof that a response contains a value of a row. */
export interface MarkProof {
  readonly value: string;
  /** Where the value is stored: `subject of Ticket 7`. */
  readonly source: string;
}

/** Values by which a tenant's rows are recognised in a response: texts that no other row contains. */
export class RowMarks {
  private readonly texts = new Map<string, string>();

  /**
   * @param scope the tenant's scope
   * @param tenantProperties the names of tenant columns in JSON
   * @param own the tenant's rows
   * @param others all other rows, whose values prove nothing
   */
  constructor(
    private readonly scope: TenantScope,
    private readonly tenantProperties: ReadonlyMap<string, string>,
    own: readonly StoredRow[],
    others: readonly StoredRow[],
  ) {
    const known = new Set(others.flatMap((row) => Object.values(row.values).flatMap(textsOf)));
    for (const row of own) {
      for (const column of row.metadata.columns) {
        if (column.enum !== undefined) continue;
        for (const text of textsOf(row.values[column.propertyPath])) {
          if (isTelling(text) && !known.has(text))
            this.texts.set(text, `${column.propertyPath} of ${describeRow(row)}`);
        }
      }
    }
  }

  get size(): number {
    return this.texts.size;
  }

  /** Drops texts that responses without any of these rows contain, e.g. words of a page. */
  forget({ response }: Exchange): void {
    const { texts } = readResponse(response);
    for (const text of this.texts.keys()) if (texts.some((part) => part.includes(text))) this.texts.delete(text);
  }

  /**
   * Searches a response for values of the rows.
   *
   * @returns undefined if it contains none but those that the request sent itself
   */
  find({ request, response }: Exchange): MarkProof | undefined {
    const sent = [
      decodeURIComponent(request.path),
      ...Object.values(request.query),
      ...Object.values(request.headers),
      ...stringsIn(request.body),
    ].join('\n');
    const { texts, json } = readResponse(response);
    for (const [value, source] of this.texts) {
      const escaped = JSON.stringify(value).slice(1, -1);
      if (sent.includes(value)) continue;
      if (texts.some((text) => text.includes(value) || text.includes(escaped))) return { value, source };
    }
    return this.findTenant(json, stringsIn(request.body).join('\n'));
  }

  /** Searches JSON for a tenant column with the tenant's value. */
  private findTenant(json: unknown, sent: string): MarkProof | undefined {
    if (typeof json !== 'object' || json === null) return undefined;
    for (const [name, value] of Object.entries(json)) {
      const key = this.tenantProperties.get(name);
      if (key !== undefined && !sent.includes(name) && isSame(value, this.scope[key]))
        return { value: `${name}: ${String(value)}`, source: 'the tenant column of a row' };
      const nested = this.findTenant(value, sent);
      if (nested !== undefined) return nested;
    }
    return undefined;
  }
}

function isSame(value: unknown, own: ScopeValue): boolean {
  return (typeof value === 'string' || typeof value === 'number') && String(value) === String(own);
}

function isTelling(text: string): boolean {
  return text.length >= MIN_LENGTH && !NUMBER.test(text) && !TIMESTAMP.test(text);
}

function textsOf(value: unknown): string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('base64'), Buffer.from(value).toString('utf8')];
  if (value instanceof Date) return [];
  return stringsIn(value);
}
