import type { Request } from 'express';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { callerOf } from '../auth/caller.js';
import { GrowingBytes } from '../common/growing-bytes.js';
import { ApiError } from '../errors/api-error.js';
import type { BodyBudget, BodyShare } from './body-budget.js';
import { invalidJson, missingBody, parseJsonBody } from '../contract/parse-json-body.js';
import { RequestBody } from './request-body.js';

/** As nearly all say it. */
const PLAIN_JSON = /^application\/json(?:; ?charset=utf-?8)?$/i;
const ANY_JSON = /^\s*application\/json\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]*)/i;
const UTF8 = /^utf-?8$/i;

/** The codings of RFC 9110, section 8.4.1, and Brotli (RFC 7932). */
const DECODERS = new Map([
  ['gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** Reads bodies of JSON, each in one buffer that grows with it, within the budget. */
export class JsonBodyReader {
  private readonly limitBytes: number;

  /** A body that is larger than the share of its API key can never be taken. */
  constructor(
    limitBytes: number,
    private readonly budget: BodyBudget,
  ) {
    this.limitBytes = Math.min(limitBytes, budget.keyLimitBytes);
  }

  /** @throws {ApiError} 413, 415, 422 `json_invalid`, `too_long` or `value_error`; 429 or 503 when the budget is used up. */
  async read(request: Request): Promise<RequestBody> {
    if (isEmpty(request)) throw missingBody();
    const { headers } = request;
    if (!PLAIN_JSON.test(headers['content-type'] ?? '')) requireJson(headers['content-type'] ?? '');
    const coding = headers['content-encoding']?.toLowerCase() ?? 'identity';
    const createDecoder = DECODERS.get(coding);
    if (!createDecoder && coding !== 'identity') throw unreadable(`unsupported content encoding "${coding}"`);

    const share = this.budget.open(callerOf(request).keyId);
    try {
      let bytes = await this.readBytes(request, share);
      if (createDecoder) bytes = await this.decode(bytes, createDecoder(), share);
      return new RequestBody(bytes, parseJsonBody(bytes), share);
    } catch (error) {
      share.release();
      // It is read to its end all the same, so that the client gets to read the answer.
      await drain(request);
      throw error;
    }
  }

  /** Reserves the declared length before reading; without one, what arrives. */
  private async readBytes(request: Request, share: BodyShare): Promise<Buffer> {
    const expectedBytes = Number(request.headers['content-length'] ?? 0);
    if (expectedBytes > 0) this.admit(share, expectedBytes);
    const admit = expectedBytes > 0 ? undefined : (sizeBytes: number) => this.admit(share, sizeBytes);
    const gathered = new GrowingBytes(expectedBytes);
    await collect(request, gathered, ENDS_EARLY, admit);
    return gathered.take();
  }

  private async decode(coded: Buffer, decoder: Decoder, share: BodyShare): Promise<Buffer> {
    decoder.end(coded);
    try {
      const admit = (sizeBytes: number): void => this.admit(share, sizeBytes, coded.length);
      const gathered = new GrowingBytes();
      await collect(decoder, gathered, NOT_AS_CODED, admit);
      const decoded = gathered.take();
      share.resize(decoded.length);
      return decoded;
    } finally {
      // What is too large is not decoded to its end.
      decoder.destroy();
    }
  }

  private admit(share: BodyShare, sizeBytes: number, codedBytes = 0): void {
    const { limitBytes } = this;
    if (sizeBytes > limitBytes) throw tooLarge(limitBytes);
    share.resize(codedBytes + sizeBytes);
  }
}

type Decoder = ReturnType<typeof createGunzip | typeof createInflate | typeof createBrotliDecompress>;

const ENDS_EARLY = 'the body ends early';
const NOT_AS_CODED = 'the body is not compressed as Content-Encoding says';

/**
 * Collects the stream in `gathered`; `admit` is called with the size so far, and throws when it is too large. It resolves without
 * the bytes: its listeners would keep them for as long as the request lives.
 */
function collect(
  source: Readable,
  gathered: GrowingBytes,
  broken: string,
  admit?: (sizeBytes: number) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isRefused = false;
  source.on('data', (piece: Buffer) => {
    if (isRefused) return;
    try {
      admit?.(gathered.length + piece.length);
      gathered.append(piece);
    } catch (error) {
      isRefused = true;
      gathered.take();
      reject(error);
    }
  });
  source.on('end', () => {
    if (!isRefused) resolve();
  });
  source.on('error', () => reject(invalidJson(broken)));
  return promise;
}

/** Reads the rest and throws it away. */
async function drain(request: Request): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  request
    .once('end', resolve)
    .once('error', () => resolve())
    .resume();
  await promise;
}

/** A body declared empty. */
function isEmpty({ headers }: Request): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}

/** JSON is UTF-8 (RFC 8259, section 8.1). Names of charsets are case-insensitive, and some write this one without its dash. */
function requireJson(contentType: string): void {
  if (!ANY_JSON.test(contentType)) throw notJson();
  const charset = CHARSET.exec(contentType)?.[1];
  if (charset !== undefined && !UTF8.test(charset)) throw unreadable(`unsupported charset "${charset.toUpperCase()}"`);
}

function unreadable(reason: string): ApiError {
  return new ApiError(415, 'unsupported_media_type', `The body cannot be read: ${reason}.`);
}

export function tooLarge(limitBytes: number): ApiError {
  return new ApiError(413, 'request_too_large', `The body is larger than ${limitBytes} bytes.`);
}

export function notJson(): ApiError {
  const message = 'Send the body as JSON, with the header `Content-Type: application/json`.';
  return new ApiError(415, 'unsupported_media_type', message);
}
