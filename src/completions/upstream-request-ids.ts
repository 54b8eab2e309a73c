import type { Random } from '../common/random.js';
import type { SentBody } from './dialects/dialect.js';

/** UTF-16 units kept of a client's id: enough to recognize it. */
const KEPT_LENGTH = 64;

/** Fields by which a client names a request to the engine: vLLM's and SGLang's. */
const ID_FIELDS = ['request_id', 'rid'] as const;

/**
 * The ids of the requests that one request of a client becomes. vLLM refuses a second request with the id of one that is
 * running, and clients may choose the same: each is `<id, cut>-<8 random hex digits>-<attempt>-<request of the attempt>`.
 */
export class UpstreamRequestIds {
  /** The common beginning, to search for in an engine's log. */
  readonly prefix: string;
  private readonly random: string;

  constructor(id: string, random: Random) {
    this.random = Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
    this.prefix = `${cut(id)}-${this.random}`;
  }

  /** What makes any id that the client chose unique for one request. Both numbers start at 1. */
  suffixOf(attempt: number, request: number): string {
    return `-${this.random}-${attempt}-${request}`;
  }
}

export function uniqueId(id: string, suffix: string): string {
  return cut(id) + suffix;
}

/** The id fields of a body, made unique; undefined when it has none, as nearly all. */
export function uniqueIdFields(body: SentBody, suffix: string): SentBody | undefined {
  let fields: SentBody | undefined;
  for (const name of ID_FIELDS) {
    const id = body[name];
    if (typeof id === 'string') fields = { ...fields, [name]: uniqueId(id, suffix) };
  }
  return fields;
}

function cut(id: string): string {
  return id.slice(0, KEPT_LENGTH).toWellFormed();
}

/** The id as headers, for engines that accept them. */
export function idHeaders(
  { refusesRequestIds = false }: { refusesRequestIds?: boolean },
  id: string,
): Record<string, string> {
  return refusesRequestIds ? {} : { 'x-request-id': id };
}
