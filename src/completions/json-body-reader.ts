import { json, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { isUtf8 } from 'node:buffer';
import { parseExactly } from '../common/exact-json.js';
import { ApiError } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';

/** A body as nearly all are. Larger ones are not worth a way of their own. */
const PLAIN_LIMIT_BYTES = 65_536;
const PLAIN_JSON = /^application\/json(?:; ?charset=utf-8)?$/i;

const EMPTY_BODY = 'body.empty';
const NOT_UTF8 = 'entity.verify.failed';
const NOT_JSON = 'entity.parse.failed';

/** What body-parser throws: https://github.com/expressjs/body-parser#errors. */
interface BodyParserError extends Error {
  type?: string;
  status?: number;
  limit?: number;
}

/**
 * Reads bodies of JSON: with Express's own parser, which knows content encodings, charsets and limits; and those that need
 * none of that, which are nearly all, by themselves, at a third of the cost.
 */
export class JsonBodyReader {
  private readonly parse: RequestHandler;

  constructor(private readonly limitBytes: number) {
    this.parse = json({ limit: limitBytes, strict: false, verify: checkBytes });
  }

  /** @throws {ApiError} 413, 415, or 422 `json_invalid`. */
  async read(request: Request, response: Response): Promise<unknown> {
    if (isEmpty(request)) throw missingBody();
    try {
      if (this.isPlain(request)) return parsePlain(await readPlain(request));
      await new Promise<void>((resolve, reject) => {
        const done = (error?: BodyParserError): void => (error ? reject(error) : resolve());
        void this.parse(request, response, done as NextFunction);
      });
    } catch (error) {
      throw toBodyError(error as BodyParserError);
    }
    const body = request.body as unknown;
    if (body === undefined) {
      throw unsupportedMediaType('Send the body as JSON, with the header `Content-Type: application/json`.');
    }
    return body;
  }

  /** Small, said how long, not compressed, UTF-8. */
  private isPlain({ headers }: Request): boolean {
    return (
      Number(headers['content-length']) <= Math.min(PLAIN_LIMIT_BYTES, this.limitBytes) &&
      headers['content-encoding'] === undefined &&
      PLAIN_JSON.test(headers['content-type'] ?? '')
    );
  }
}

function readPlain(request: Request): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const [first, ...others] = pieces;
    resolve(first && others.length === 0 ? first : Buffer.concat(pieces));
    // The listeners live as long as the request.
    pieces.length = 0;
  });
  // It ends early.
  request.on('error', (error) => reject(Object.assign(error, { status: 400 })));
  return promise;
}

function parsePlain(bytes: Buffer): unknown {
  checkBytes(undefined, undefined, bytes, 'utf-8');
  const text = bytes.toString('utf8');
  try {
    // A byte order mark may be ignored (RFC 8259, section 8.1).
    return parseExactly(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch (error) {
    throw Object.assign(error as Error, { type: NOT_JSON, status: 400 });
  }
}

/** What body-parser asks before it parses: the bytes as they came, unpacked. */
function checkBytes(_request: unknown, _response: unknown, body: Buffer, encoding: string): void {
  if (body.length === 0) throw Object.assign(new TypeError('empty'), { type: EMPTY_BODY });
  if (encoding === 'utf-8' && !isUtf8(body))
    throw Object.assign(new TypeError('not valid UTF-8'), { type: NOT_UTF8, status: 400 });
}

/** A body that says that it has no bytes; Express would read it as an empty object. */
function isEmpty({ headers }: Request): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}

function missingBody(): ApiError {
  return new ValidationError([{ loc: ['body'], msg: 'Field required', type: 'missing' }]);
}

function unsupportedMediaType(message: string): ApiError {
  return new ApiError(415, 'unsupported_media_type', message);
}

function toBodyError(error: BodyParserError): ApiError {
  switch (error.type) {
    case 'entity.too.large':
      return new ApiError(413, 'request_too_large', `The body is larger than ${error.limit ?? 0} bytes.`);
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return unsupportedMediaType(`The body cannot be read: ${error.message}.`);
    case EMPTY_BODY:
      return missingBody();
    case undefined:
    default:
      // A body that ends early, is compressed wrongly, is not UTF-8, or is not JSON.
      if ((error.status ?? 500) >= 500)
        return new ApiError(500, 'internal_error', 'The body could not be read.', { cause: error });
      return new ValidationError([
        { loc: ['body'], msg: `JSON decode error: ${reasonOf(error)}`, type: 'json_invalid' },
      ]);
  }
}

/** V8 quotes the text around the mistake, which may be a piece of a prompt: where it is suffices. */
function reasonOf(error: BodyParserError): string {
  if (error.type === NOT_UTF8) return 'not valid UTF-8';
  if (error instanceof RangeError) return error.message;
  if (error.type !== NOT_JSON) return 'the body is not compressed as Content-Encoding says';
  const position = /at position \d+/.exec(error.message)?.[0];
  return `not valid JSON${position ? ` ${position}` : ''}`;
}
