import { constants, createGunzip, type Gunzip } from 'node:zlib';
import type { AnswerBody, TakePiece } from './answer-body.js';
import type { UpstreamAnswer } from './upstream.js';
import { UpstreamError } from './upstream-error.js';

/** An answer that breaks off is decoded as far as it goes; its reader notices the missing end. */
const OPTIONS = { finishFlush: constants.Z_SYNC_FLUSH };

/**
 * The answer with its body decoded. `identity` is asked for; some proxies in front of engines use gzip all the same (RFC 9110,
 * section 8.4.1).
 *
 * @throws {UpstreamError} for any other content coding.
 */
export function decodeAnswer(answer: UpstreamAnswer): UpstreamAnswer {
  if (answer.headers['content-encoding'] === undefined) return answer;
  const { 'content-encoding': codings, ...headers } = answer.headers;
  const names = String(codings)
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length === 0) return { ...answer, headers };
  if (!/^(?:x-)?gzip$/.test(names.join())) {
    throw new UpstreamError('answered', `an answer in the content coding ${names.slice(0, 4).join(', ')}`);
  }
  return { ...answer, headers, body: new DecodedBody(answer.body, createGunzip(OPTIONS)) };
}

/** Decoded bytes are forwarded at once; when the source breaks, those before it are delivered first. */
class DecodedBody implements AnswerBody {
  private hasLeft = false;

  constructor(
    private readonly source: AnswerBody,
    private readonly decoder: Gunzip,
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
async function feed(source: AnswerBody, decoder: Gunzip): Promise<{ error: unknown } | undefined> {
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
function drained(decoder: Gunzip): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const settle = (): void => {
    decoder.off('drain', settle).off('close', settle);
    resolve();
  };
  decoder.on('drain', settle).on('close', settle);
  return promise;
}
