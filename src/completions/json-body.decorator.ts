import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { json, type Request, type RequestHandler, type Response } from 'express';
import { isUtf8 } from 'node:buffer';
import { ApiError } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';

/** Where `createApp` leaves the parser, made for the configured limit: a parameter decorator has no injection. */
export const JSON_BODY_PARSER = 'json body parser';

/** Express's own JSON parser, which knows content encodings, charsets and limits. */
export function createJsonBodyParser(limitBytes: number): RequestHandler {
  return json({ limit: limitBytes, strict: false, verify: checkBytes });
}

/**
 * The parsed JSON body. It is read here, after the guard, so that a stranger cannot make the gateway hold 10 MB.
 *
 * @throws {ApiError} 413, 415, or 422 `json_invalid`.
 */
export const JsonBody = createParamDecorator(async (_: unknown, context: ExecutionContext): Promise<unknown> => {
  const request = context.switchToHttp().getRequest<Request>();
  if (isEmpty(request)) throw missingBody();
  const response = context.switchToHttp().getResponse<Response>();
  const parse = request.app.get(JSON_BODY_PARSER) as RequestHandler;
  await new Promise<void>((resolve, reject) => {
    void parse(request, response, (error?: unknown) => {
      if (error) reject(toBodyError(error as BodyParserError));
      else resolve();
    });
  });
  const body = request.body as unknown;
  if (body === undefined) {
    throw unsupportedMediaType('Send the body as JSON, with the header `Content-Type: application/json`.');
  }
  return body;
});

/** What body-parser throws: https://github.com/expressjs/body-parser#errors. */
interface BodyParserError extends Error {
  type?: string;
  status?: number;
  limit?: number;
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
  if (error.type === 'entity.verify.failed') return 'not valid UTF-8';
  if (error.type !== 'entity.parse.failed') return 'the body is not compressed as Content-Encoding says';
  const position = /at position \d+/.exec(error.message)?.[0];
  return `not valid JSON${position ? ` ${position}` : ''}`;
}

const EMPTY_BODY = 'body.empty';

/** What body-parser asks before it parses: the bytes as they came, unpacked. */
function checkBytes(_request: unknown, _response: unknown, body: Buffer, encoding: string): void {
  if (body.length === 0) throw Object.assign(new TypeError('empty'), { type: EMPTY_BODY });
  if (encoding === 'utf-8' && !isUtf8(body)) throw new TypeError('not valid UTF-8');
}
