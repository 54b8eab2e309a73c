import { Inject, Injectable } from '@nestjs/common';
import { GatewayConfig } from '../config/config.js';
import { Metrics } from '../observability/metrics.js';

/** An answer whose client is behind. */
export interface StalledAnswer {
  /** Ends the client's connection and its upstream request. `reason` is for the log. */
  cut(reason: string): void;
}

/**
 * The answers whose clients are behind, and the bytes that wait for them in this process. Beyond `server.stalledAnswerBytes`,
 * the client that has read nothing for longest is cut first.
 */
@Injectable()
export class StalledAnswers {
  /** The bytes of each, the one that has waited for the longest first. */
  private readonly sizes = new Map<StalledAnswer, number>();
  private heldBytes = 0;
  private readonly limitBytes: number;

  constructor(
    @Inject(GatewayConfig) { server }: GatewayConfig,
    private readonly metrics: Metrics,
  ) {
    this.limitBytes = server.stalledAnswerBytes;
    metrics.observeStalledAnswers(() => ({ count: this.sizes.size, bytes: this.heldBytes }));
  }

  /** The client has fallen behind, or has read some and is still behind: `sizeBytes` wait for it. */
  moved(answer: StalledAnswer, sizeBytes: number): void {
    this.left(answer);
    this.resized(answer, sizeBytes);
  }

  /** More waits for a client that has read nothing meanwhile. */
  resized(answer: StalledAnswer, sizeBytes: number): void {
    this.heldBytes += sizeBytes - (this.sizes.get(answer) ?? 0);
    this.sizes.set(answer, sizeBytes);
    if (this.heldBytes > this.limitBytes) this.cutOldest();
  }

  /** The client has caught up, or is gone. */
  left(answer: StalledAnswer): void {
    this.heldBytes -= this.sizes.get(answer) ?? 0;
    this.sizes.delete(answer);
  }

  /** Cuts a client that has read too little for too long. */
  cutForStall(answer: StalledAnswer, stallMs: number): void {
    this.cut(answer, 'stall', `the client read less than 64 KiB in ${stallMs} ms`);
  }

  private cutOldest(): void {
    for (const answer of this.sizes.keys()) {
      if (this.heldBytes <= this.limitBytes) return;
      this.cut(answer, 'budget', 'the client was behind for the longest when too many bytes waited for clients');
    }
  }

  private cut(answer: StalledAnswer, reason: 'stall' | 'budget', words: string): void {
    this.left(answer);
    this.metrics.stalledClientsCut.inc({ reason });
    answer.cut(words);
  }
}
