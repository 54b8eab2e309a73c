import { Inject, Injectable } from '@nestjs/common';
import { ByteBudget, type ByteShare } from '../common/byte-budget.js';
import { GatewayConfig } from '../config/config.js';
import { UpstreamError } from '../upstreams/upstream-error.js';

/** The bytes of answers that this process may hold for all requests together. */
@Injectable()
export class AnswerMemory {
  /** Whole answers, from their first byte until they are on their way to the client. */
  readonly whole: ByteBudget;
  /** Texts that were delivered, of streams that may have to be resumed or counted. */
  readonly delivered: ByteBudget;

  constructor(@Inject(GatewayConfig) { server }: GatewayConfig) {
    this.whole = new ByteBudget(server.wholeAnswerBytes);
    this.delivered = new ByteBudget(server.deliveredTextBytes);
  }
}

/**
 * Accounts for the bytes of a whole answer; `spend`, which may have a lower limit, is charged first.
 *
 * @throws {UpstreamError} 503, when so many bytes of answers cannot be held. The upstream is not at fault.
 */
export function takeForAnswer(share: ByteShare, bytes: number, spend?: (bytes: number) => void): void {
  spend?.(bytes);
  if (share.take(bytes)) return;
  throw new UpstreamError('answered', 'all whole answers together are larger than `wholeAnswerBytes`', {
    isTooLarge: true,
    publicError: {
      status: 503,
      code: 'overloaded',
      message: 'The gateway holds as many bytes of answers as it may. Try again later.',
      headers: { 'Retry-After': '1' },
    },
  });
}
