import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** UTF-16 units from which on a body is not kept until the answer is over. */
const LARGE_LENGTH = 65_536;

const SLICE_BYTES = 65_536;

/** Whether the body is released as soon as it was sent. */
export function isLarge(body: string): boolean {
  return body.length >= LARGE_LENGTH;
}

/** The body as undici gets it. A whole text is kept until the answer is over, so a large one is handed over in slices. */
export function payloadOf(
  body: string,
  headers: Record<string, string>,
): Pick<Dispatcher.DispatchOptions, 'headers' | 'body'> {
  if (!isLarge(body)) return { headers, body };
  const slices = new Slices(Buffer.from(body));
  // Its types lack the iterables that its documentation has: https://undici.nodejs.org/#/docs/api/Dispatcher
  return {
    headers: { ...headers, 'content-length': String(slices.sizeBytes) },
    body: slices as Iterable<Buffer> as unknown as Readable,
  };
}

/** Releases each slice as it is read. A generator would hold its variables even when it is over. */
class Slices implements IterableIterator<Buffer> {
  readonly sizeBytes: number;
  private rest: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.rest = bytes;
    this.sizeBytes = bytes.length;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Buffer, undefined> {
    const { rest } = this;
    if (!rest) return { done: true, value: undefined };
    this.rest = rest.length > SLICE_BYTES ? rest.subarray(SLICE_BYTES) : undefined;
    return { done: false, value: rest.subarray(0, SLICE_BYTES) };
  }
}
