import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { AnswerBody, TakePiece } from './answer-body.js';
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

/** Nobody compresses more often, and each coding costs a decoder. */
const MAX_CODINGS = 4;

/**
 * The answer with its body in plain: we ask for no coding, and some proxies in front of engines compress in any case.
 *
 * @throws {UpstreamError} when nobody here knows the coding, or there are more than anybody applies.
 */
export function decodeAnswer(answer: UpstreamAnswer): UpstreamAnswer {
  if (answer.headers['content-encoding'] === undefined) return answer;
  const { 'content-encoding': codings, ...headers } = answer.headers;
  const names = String(codings)
    .toLowerCase()
    .split(/[\s,]+/);
  const applied = names.filter((name) => name !== '' && name !== 'identity').reverse();
  if (applied.length > MAX_CODINGS)
    throw new UpstreamError('answered', `an answer in ${applied.length} content codings`);
  const creators = applied.map(decoderOf);
  const body = creators.reduce<AnswerBody>((coded, create) => new DecodedBody(coded, create()), answer.body);
  return { ...answer, headers, body };
}

function decoderOf(name: string): () => Decoder {
  const create = DECODERS.get(name);
  if (!create) throw new UpstreamError('answered', `an answer in the content coding ${name}`);
  return create;
}

/** What is decoded goes on at once, and when the source breaks off, what came before is taken first. */
class DecodedBody implements AnswerBody {
  private hasLeft = false;

  constructor(
    private readonly source: AnswerBody,
    private readonly decoder: Decoder,
  ) {}

  async readEach(take: TakePiece): Promise<void> {
    for await (const piece of this.pieces()) {
      await take(piece);
      if (this.hasLeft) return;
    }
  }

  leave(): void {
    this.hasLeft = true;
    this.source.leave();
  }

  private async *pieces(): AsyncGenerator<Buffer, void> {
    const feeding = feed(this.source, this.decoder);
    let hasBegun = false;
    try {
      for await (const piece of this.decoder) {
        hasBegun = true;
        yield piece as Buffer;
      }
    } catch (cause) {
      throw new UpstreamError(hasBegun ? 'broken' : 'answered', 'an answer that cannot be decoded', { cause });
    } finally {
      // After the end this does nothing; before, it aborts the request.
      this.source.leave();
    }
    const failure = await feeding;
    if (failure) throw failure.error;
  }
}

/** Writes the source into the decoder, at the decoder's pace. Resolves with what broke the source off, if anything. */
async function feed(source: AnswerBody, decoder: Decoder): Promise<{ error: unknown } | undefined> {
  try {
    await source.readEach((piece) => {
      if (decoder.destroyed) {
        source.leave();
        return;
      }
      return decoder.write(piece) ? undefined : drained(decoder);
    });
    return undefined;
  } catch (error) {
    return { error };
  } finally {
    decoder.end();
  }
}

/** Resolves when the decoder takes more, or never will again. */
function drained(decoder: Decoder): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const settle = (): void => {
    decoder.off('drain', settle).off('close', settle);
    resolve();
  };
  decoder.on('drain', settle).on('close', settle);
  return promise;
}
