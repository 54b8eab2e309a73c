import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** UTF-16 units of a body that is not to be kept until the answer is over. */
const LARGE_LENGTH = 65_536;

const SLICE_BYTES = 65_536;

/** Whether the body is let go as soon as it was sent. */
export function isLarge(body: string): boolean {
  return body.length >= LARGE_LENGTH;
}

/**
 * How undici is given a body. One that it is given whole it keeps to the end of the answer; of a large one, it has nothing
 * any more when it was sent.
 */
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

/** Can be read once, after which it is empty. No generator: one that is over still holds what it has used. */
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
