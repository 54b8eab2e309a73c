import { once } from 'node:events';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { UpstreamAnswer } from './upstream.js';
import { UpstreamError } from './upstream-error.js';

/** An answer that is cut off is decoded as far as it goes; who reads it sees that its end is missing. */
const ZLIB_OPTIONS = { finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI_OPTIONS = { finishFlush: constants.BROTLI_OPERATION_FLUSH };

type Decoder = ReturnType<typeof createGunzip | typeof createInflate | typeof createBrotliDecompress>;

/** The codings of RFC 9110, section 8.4.1, and Brotli (RFC 7932). */
const DECODERS = new Map<string, () => Decoder>([
  ['gzip', () => createGunzip(ZLIB_OPTIONS)],
  ['x-gzip', () => createGunzip(ZLIB_OPTIONS)],
  ['deflate', () => createInflate(ZLIB_OPTIONS)],
  ['br', () => createBrotliDecompress(BROTLI_OPTIONS)],
]);

/**
 * The answer with its body in plain: we ask for no coding, and some proxies in front of engines compress in any case.
 *
 * @throws {UpstreamError} when nobody here knows the coding.
 */
export function decodeAnswer(answer: UpstreamAnswer): UpstreamAnswer {
  const { 'content-encoding': codings = '', ...headers } = answer.headers;
  const names = String(codings)
    .toLowerCase()
    .split(/[\s,]+/);
  const applied = names.filter((name) => name !== '' && name !== 'identity').reverse();
  if (applied.length === 0) return answer;
  let { body } = answer;
  for (const name of applied) {
    const createDecoder = DECODERS.get(name);
    if (!createDecoder) {
      void answer.body[Symbol.asyncIterator]().return?.();
      throw new UpstreamError('answered', `an answer in the content coding ${name}`);
    }
    body = decode(body, createDecoder());
  }
  return { ...answer, headers, body };
}

/** What is decoded goes on at once, and when the source breaks off, what came before is read first. */
async function* decode(body: AsyncIterable<Buffer>, decoder: Decoder): AsyncGenerator<Buffer, void> {
  const source = body[Symbol.asyncIterator]();
  const feeding = feed(source, decoder);
  let hasBegun = false;
  try {
    for await (const piece of decoder) {
      hasBegun = true;
      yield piece as Buffer;
    }
  } catch (cause) {
    throw new UpstreamError(hasBegun ? 'broken' : 'answered', 'an answer that cannot be decoded', { cause });
  } finally {
    // After the end this does nothing; before, it aborts the request.
    await source.return?.();
  }
  const failure = await feeding;
  if (failure) throw failure.error;
}

/** Writes the source into the decoder, at the decoder's pace. Resolves with what broke the source off, if anything. */
async function feed(source: AsyncIterator<Buffer>, decoder: Decoder): Promise<{ error: unknown } | undefined> {
  try {
    for (let next = await source.next(); !next.done; next = await source.next()) {
      if (decoder.destroyed) return undefined;
      if (!decoder.write(next.value)) await Promise.race([once(decoder, 'drain'), once(decoder, 'close')]);
    }
    return undefined;
  } catch (error) {
    return { error };
  } finally {
    decoder.end();
  }
}
