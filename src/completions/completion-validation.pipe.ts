import { Injectable, ValidationPipe } from '@nestjs/common';
import { checkCompletion } from '../contract/check-completion.js';
import type { RequestBody } from '../http/request-body.js';

/**
 * Checks the body of a request. Nest's own `transform` is replaced whole: it copies and walks every value on the way to
 * class-validator, recursively, and would be busy for minutes with 10 MB of `logit_bias`.
 *
 * @throws {ValidationError} 422 with every problem of the body.
 */
@Injectable()
export class CompletionValidationPipe extends ValidationPipe {
  // eslint-disable-next-line @typescript-eslint/require-await -- Nest's signature
  override async transform(body: RequestBody): Promise<RequestBody> {
    try {
      checkCompletion(body.value);
      return body;
    } catch (error) {
      body.release();
      throw error;
    }
  }
}
